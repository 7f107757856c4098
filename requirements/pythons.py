"""The oldest and the newest Python installed here that SeaLink runs on, a line each, but for the one that runs this:
`make test-full` tests on them, too. They are looked for on the path, and where pyenv keeps them; none is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 11)
_NAME = re.compile(r"python3\.\d+")

Version = tuple[int, int]


def main() -> None:
    found = {version: python for python in _installed() if (version := _version_of(python)) is not None}
    others = {version: python for version, python in found.items() if version >= OLDEST}
    for version in sorted({min(others), max(others)} - {sys.version_info[:2]}):
        print(others[version])


def _installed() -> Iterator[Path]:
    folders = [Path(folder) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in [*pyenv.glob("*/bin"), *folders]:
        yield from (python for python in folder.glob("python3.*") if _NAME.fullmatch(python.name))
    yield Path(sys.executable)


def _version_of(python: Path) -> Version | None:
    """None where it does not run, like a shim of a Python that is not chosen, or cannot make environments."""
    ask = "import sys, ensurepip, venv; print(*sys.version_info[:2])"
    if shutil.which(python) is None:
        return None
    asked = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    if asked.returncode:
        return None
    major, minor = asked.stdout.split()
    return int(major), int(minor)


if __name__ == "__main__":
    main()
