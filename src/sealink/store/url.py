"""A store's URL: whether it can be used, and where its file is. Pure text, so that a config can be checked with it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sealink.store.errors import StoreError

_FORMS: Final = "a store is sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = ("postgresql", "postgresql+psycopg")


def check_url(url: str) -> None:
    """Raises StoreError if no store can be at this URL, or if the driver for it is not installed."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise StoreError(f"not a URL; {_FORMS}")
    if scheme == _SQLITE:
        if database_of(url) in ("", ":memory:"):
            raise StoreError("an SQLite store needs a file: sqlite:///sealink.db")
    elif scheme in _POSTGRESQL:
        _check_postgresql(url)
    else:
        raise StoreError(f"{scheme}:// is not supported; {_FORMS}")


def _check_postgresql(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise StoreError(f"not a URL: {error}") from None  # the chained error may repeat the password
    if find_spec("psycopg") is None:
        raise StoreError("psycopg is not installed: pip install 'sealink[postgres]'")


def database_of(url: str) -> str:
    """The database's name, for SQLite the path of its file; "" if the URL names none."""
    _, _, database = _split(url)
    return database


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite store, None for PostgreSQL."""
    return Path(database_of(url)) if url.startswith(f"{_SQLITE}:") else None


def absolute_url(url: str, folder: Path) -> str:
    """The URL, with the path of an SQLite file starting from `folder` unless it is absolute."""
    before, after, database = _split(url)
    if not url.startswith(f"{_SQLITE}:") or not database:
        return url
    return f"{before}{folder / database}{after}"


def _split(url: str) -> tuple[str, str, str]:
    """What stands before and after the database in a URL, `scheme://host/` and `?options`, and the database."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    database, question_mark, options = path.partition("?")
    return f"{scheme}{separator}{host}{slash}", f"{question_mark}{options}", database
