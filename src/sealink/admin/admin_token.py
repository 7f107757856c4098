"""The token of the admin API: from the environment, or made at the first start and kept in a file."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Final, TextIO

FILE: Final = "admin-token"
_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600


def load_or_make(folder: Path) -> str:
    """The token of a data folder, which only its owner may read; the same for all processes that ask at once. Raises
    OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.open(folder / FILE, os.O_RDWR | os.O_CREAT, _OWNER_ONLY), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file.fileno(), _OWNER_ONLY)
        return file.read().strip() or _make(file)


def _make(file: TextIO) -> str:
    token = secrets.token_urlsafe(_BYTES)
    file.write(token + "\n")
    file.flush()
    return token
