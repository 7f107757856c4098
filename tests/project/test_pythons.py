"""`make test-full` tests on the oldest and the newest Python that is installed, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "pythons.py"


def install(folder: Path, version: str) -> Path:
    """What answers like a Python of that version; "" does not run, like a shim of one that is not chosen."""
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / f"python{version or '3.99'}"
    answer = f"echo {version.replace('.', ' ')}" if version else "exit 127"
    python.write_text(f"#!/bin/sh\n{answer}\n")
    python.chmod(0o755)
    return python


def found(tmp_path: Path) -> list[Path]:
    environment = os.environ | {"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path / "pyenv")}
    done = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


def test_the_oldest_and_the_newest_are_found_on_the_path_and_in_pyenv(tmp_path: Path) -> None:
    oldest, newest = install(tmp_path / "bin", "3.11"), install(tmp_path / "pyenv" / "versions" / "a" / "bin", "3.98")
    install(tmp_path / "bin", "3.97")
    install(tmp_path / "bin", "3.10")
    install(tmp_path / "bin", "")
    expected = [newest] if sys.version_info[:2] == (3, 11) else [oldest, newest]
    assert found(tmp_path) == expected


@pytest.mark.parametrize("version", ["3.10", ""])
def test_what_sealink_does_not_run_on_is_passed_over(tmp_path: Path, version: str) -> None:
    install(tmp_path / "bin", version)
    assert found(tmp_path) == []
