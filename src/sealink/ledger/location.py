"""Where a ledger is: its store's URL and its journal's folder, whatever the process's working directory."""

from pathlib import Path

from sqlalchemy import make_url


def absolute_url(url: str, folder: Path) -> str:
    """A store's URL in which the path of an SQLite file starts from `folder`, unless it is absolute."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return url
    return parsed.set(database=str(folder / parsed.database)).render_as_string(hide_password=False)


def journal_root(url: str, folder: Path) -> Path:
    """Where the journals of a store are unless a setting says otherwise.

    Beside an SQLite file, else in `folder`; named after the database, so that two stores do not share one.
    Not `sealink.db-journal`: that name is SQLite's own.
    """
    return folder / f"{make_url(url).database or 'sealink'}.journal"


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite store, None for another."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
