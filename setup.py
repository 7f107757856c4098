"""The accelerator, which is built where there is a C compiler and left out where there is none. All else is in
pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "sealink.wire.stream._plain_reads",
            ["src/sealink/wire/stream/_plain_reads.c"],
            optional=True,
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
