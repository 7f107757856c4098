"""`sealink` as a process, on a machine without any key."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sealink_command

SEALINK = [sys.executable, "-m", "sealink"]

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
    with errors.open("w") if errors else nullcontext() as stderr:
        process = subprocess.Popen(
            [*SEALINK, "serve", "--port", "0", *arguments],
            cwd=cwd,
            env=environment(**environ),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline() for _ in range(3)]
    finally:
        process.send_signal(signal.SIGTERM)
        with process.stdout:
            assert process.wait(timeout=20) == 0
