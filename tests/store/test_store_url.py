"""A store's URL: which are usable, and where an SQLite file is, whatever the working directory."""

import sys
from pathlib import Path

import pytest

from sealink.store.engine import engine_for
from sealink.store.errors import StoreError
from sealink.store.url import absolute_url, check_url, database_of, sqlite_file

FOLDER = Path("/etc/sealink")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///?timeout=5", "needs a file"),
        ("mysql://root@127.0.0.1/x", "mysql:// is not supported"),
        ("postgresql://u:secret@h:port/x", "not a URL: Port"),
        ("nonsense", "not a URL; a store is sqlite:///FILE or"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_the_reason(url: str, words: str) -> None:
    for refuses in (check_url, lambda url: engine_for(url, 1.0)):
        with pytest.raises(StoreError, match=words) as refused:
            refuses(url)
        assert "secret" not in str(refused.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"sealink\[postgres\]"):
        check_url("postgresql://127.0.0.1/x")


@pytest.mark.parametrize(
    ("url", "absolute", "database"),
    [
        ("sqlite:///sealink.db", "sqlite:////etc/sealink/sealink.db", "/etc/sealink/sealink.db"),
        ("sqlite:///data/a.db?timeout=5", "sqlite:////etc/sealink/data/a.db?timeout=5", "/etc/sealink/data/a.db"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db", "/var/lib/a.db"),
        ("postgresql://u:p%40ss@h/books?sslmode=require", "postgresql://u:p%40ss@h/books?sslmode=require", "books"),
        ("postgresql://h", "postgresql://h", ""),
    ],
)
def test_the_database_of_a_url(url: str, absolute: str, database: str) -> None:
    assert absolute_url(url, FOLDER) == absolute
    assert database_of(absolute) == database
    parsed = engine_for(absolute, 1.0).url
    assert (parsed.database or "") == database, "SQLAlchemy reads another database in it"


def test_only_sqlite_has_a_file() -> None:
    assert sqlite_file("sqlite:////var/lib/a.db") == Path("/var/lib/a.db")
    assert sqlite_file("postgresql://h/books") is None
