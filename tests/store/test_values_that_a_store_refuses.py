"""What a database cannot hold is said to be wrong, and is no outage."""

from pathlib import Path

import pytest

from sealink.access.configured import Configured
from sealink.access.keys import KeyRules
from sealink.access.tables.access_store import AccessStore
from sealink.access.tables.key_table import KeyTable
from sealink.ledger.reports.report import open_report
from sealink.ledger.reports.selection import Selection
from sealink.store.errors import StoreUnavailable, ValueRefused, answer_to


def test_a_text_with_a_nul_is_found_nowhere_or_refused(store_url: str, tmp_path: Path) -> None:
    """SQLite takes it, PostgreSQL does not."""
    access = AccessStore(store_url, Configured())
    KeyTable(access).create("dev", KeyRules(metadata={"a": "\0"}), "test")
    takes_it = store_url.startswith("sqlite")
    for look in (
        lambda: KeyTable(access).list(after="a\0b", limit=9)[1:],
        lambda: look_at_rows(store_url, tmp_path),
    ):
        if takes_it:
            assert look() == []
            continue
        with pytest.raises(ValueRefused) as refused:
            look()
        assert answer_to(refused.value).status == 400
    assert [key.name for key in KeyTable(access).list(after="", limit=9)] == ["dev"]
    access.close()


def look_at_rows(store_url: str, tmp_path: Path) -> list[object]:
    with open_report(store_url, tmp_path / "journal") as report:
        return [*report.rows(selection=Selection(key="a\0b"))]


def test_an_outage_is_none_of_the_clients() -> None:
    assert answer_to(StoreUnavailable("it is locked")).status == 503
