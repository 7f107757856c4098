"""Where a store's journals are, whatever the working directory."""

from pathlib import Path

import pytest

from sealink.ledger.location import journal_root


@pytest.mark.parametrize(
    ("url", "journal"),
    [
        ("sqlite:////etc/sealink/sealink.db", "/etc/sealink/sealink.db.journal"),
        ("sqlite:////var/lib/a.db", "/var/lib/a.db.journal"),
        ("postgresql://u:p%40ss@h/books", "/etc/sealink/books.journal"),
        ("postgresql://h", "/etc/sealink/sealink.journal"),
    ],
)
def test_beside_the_store_or_the_config(url: str, journal: str) -> None:
    assert journal_root(url, Path("/etc/sealink")) == Path(journal)
