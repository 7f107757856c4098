"""What tests need from outside the repository. With CI=true nothing may be skipped for want of it."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

NODE_FOLDER = Path(__file__).with_name("node")
"""Where a script must run to find the packages that `node` has installed."""


def program(name: str) -> str:
    """The path of a program, or the end of the test."""
    return shutil.which(name) or absent(f"{name} is not installed")


def absent(what: str) -> NoReturn:
    """Skip the test, saying why; fail it under CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def node_with_packages(folder: Path = NODE_FOLDER) -> str:
    """The path of node, with what the folder's package-lock.json pins installed there."""
    path = program("node")
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".installed"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another worker of this run may be installing them
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            command = [program("npm"), "ci", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            installed.touch()
    return path
