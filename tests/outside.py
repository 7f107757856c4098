"""What tests need from outside the repository. With CI=true nothing may be skipped for want of it."""

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program, or the end of the test."""
    return shutil.which(name) or absent(f"{name} is not installed")


def absent(what: str) -> NoReturn:
    """Skip the test, saying why; fail it under CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
