"""Where the journals of a store are unless a setting says otherwise."""

from pathlib import Path

from sealink.store.url import database_of


def journal_root(store_url: str, folder: Path) -> Path:
    """Beside an SQLite file, else in `folder`; named after the database, so that two stores do not share one.

    Not `sealink.db-journal`: that name is SQLite's own.
    """
    return folder / f"{database_of(store_url) or 'sealink'}.journal"
