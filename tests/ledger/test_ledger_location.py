"""Where a ledger is, whatever the working directory."""

from pathlib import Path

import pytest

from sealink.ledger.location import absolute_url, journal_root, sqlite_file

FOLDER = Path("/etc/sealink")


@pytest.mark.parametrize(
    ("url", "absolute", "journal"),
    [
        ("sqlite:///sealink.db", "sqlite:////etc/sealink/sealink.db", "/etc/sealink/sealink.db.journal"),
        ("sqlite:///data/a.db", "sqlite:////etc/sealink/data/a.db", "/etc/sealink/data/a.db.journal"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db", "/var/lib/a.db.journal"),
        ("postgresql://u:p%40ss@h/books", "postgresql://u:p%40ss@h/books", "/etc/sealink/books.journal"),
        ("postgresql://h", "postgresql://h", "/etc/sealink/sealink.journal"),
    ],
)
def test_where_things_are(url: str, absolute: str, journal: str) -> None:
    assert absolute_url(url, FOLDER) == absolute
    assert journal_root(absolute, FOLDER) == Path(journal)


def test_only_sqlite_has_a_file() -> None:
    assert sqlite_file("sqlite:////var/lib/a.db") == Path("/var/lib/a.db")
    assert sqlite_file("postgresql://h/books") is None
