"""What pyproject.toml cannot say: the accelerators, which are built where there is a C compiler and left out where
there is none; and the pages of docs/, which the package serves at /docs."""

import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py


class BuildWithDocs(build_py):
    """Copies docs/ into the package. A checkout that is used in place has it where it is."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            pages = Path(self.build_lib) / "sealink" / "documentation" / "pages"
            shutil.copytree("docs", pages, dirs_exist_ok=True, ignore=shutil.ignore_patterns("images"))


setup(
    ext_modules=[
        Extension(name, [f"src/{name.replace('.', '/')}.c"], optional=True, py_limited_api=True)
        for name in ("sealink.wire.stream._plain_reads", "sealink.limits._plain_slots", "sealink.telemetry._layout")
    ],
    cmdclass={"build_py": BuildWithDocs},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
