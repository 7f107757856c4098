"""The token of the admin API: from the environment, or made at the first start and kept in a file."""

import os
import secrets
from pathlib import Path
from typing import Final

FILE: Final = "admin-token"
_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600


def load_or_make(folder: Path) -> str:
    """The token of a data folder, which only its owner may read. Raises OSError."""
    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        return _kept(path)
    token = secrets.token_urlsafe(_BYTES)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    return token


def _kept(path: Path) -> str:
    path.chmod(_OWNER_ONLY)
    token = path.read_text().strip()
    if not token:
        raise OSError(f"{path} is empty: delete it, and a token is made at the next start")
    return token
