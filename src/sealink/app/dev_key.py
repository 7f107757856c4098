"""The key of a run for which none is configured. It is kept, so that it stays the same from one start to the next."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

FILE: Final = "dev-key"
"""In `[server] data_dir`: the one key that is kept in clear, for its owner's eyes only."""


def kept_key(folder: Path, new: str) -> str:
    """The key that the folder keeps; `new`, which is kept from now on, if there is none. Raises OSError."""
    path = folder / FILE
    if found := _read(path):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # what is there is not a key
    try:
        with open(path, "x", opener=_for_owner_only) as file:
            file.write(f"{new}\n")
    except FileExistsError:  # another process, started at the same time, was faster
        return _read(path) or new
    return new


def _read(path: Path) -> str:
    """The key in a file, "" if there is none."""
    try:
        found = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    with contextlib.suppress(OSError):  # the file is another user's
        path.chmod(0o600)
    return found if re.fullmatch(r"[\x21-\x7e]+", found) else ""


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
