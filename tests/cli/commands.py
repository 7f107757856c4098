"""`sealink` as a process, on a machine without any key."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sealink_command

CONFIG = """\
[[providers]]
name = "sim"
dialect = "sim"
ttft_s = 0
tokens_per_s = 0

[[models]]
id = "small"
targets = [{ provider = "sim", model = "small" }]

[[keys]]
name = "dev"
key = "sk-test-secret"
"""


def environment(**extra: str) -> dict[str, str]:
    """The environment of a machine without any key."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")} | extra


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return sealink_command.run(arguments, cwd=cwd, env=environment(**environ), timeout=30)


@contextmanager
def serving(*arguments: str, cwd: Path, errors: Path | None = None, **environ: str) -> Iterator[list[str]]:
    """A running `sealink serve`, and the lines of its greeting; what it says on stderr goes to the file `errors`. Ends
    well when it is told to."""
    arguments = ("serve", "--port", "0", *arguments)
    reader, writer = os.pipe()
    with open(reader) as greeting:
        with open(writer, "wb") as stdout, open(errors or 2, "wb", closefd=errors is not None) as stderr:
            process = sealink_command.start(
                arguments, cwd=cwd, env=environment(**environ), stdout=stdout, stderr=stderr
            )
        try:
            yield [greeting.readline() for _ in range(3)]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
