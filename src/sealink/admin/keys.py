"""What the admin API does with keys."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from sealink.access.keys import KeyRules, fields_of
from sealink.access.records import KeyRecord
from sealink.admin.operation import Call
from sealink.admin.shapes import BalancePostings, KeyList, KeyWithSecret
from sealink.limits.standing import Standing, key_subject
from sealink.limits.subjects import Subject

if TYPE_CHECKING:
    from sealink.access.tables.key_table import KeyTable

ACTOR = "admin"


class KeyOperations:
    """`table` gives the keys; `changed` is called after each change, so that this process looks at once; `standing`
    says what is left of a key's limits and money."""

    def __init__(
        self, table: "Callable[[], KeyTable]", changed: Callable[[], None], standing: Callable[[Subject], Standing]
    ) -> None:
        self._table = table
        self._changed = changed
        self._standing = standing

    def list(self, call: Call) -> KeyList:
        page = call.query
        records = self._table().list(after=page.after, limit=page.limit + 1)
        is_last = len(records) <= page.limit
        records = records[: page.limit]
        return KeyList(records, None if is_last else records[-1].name)

    def create(self, call: Call) -> KeyWithSecret:
        rules = KeyRules(**fields_of(call.body, KeyRules))
        record, secret = self._table().create(call.body.name, rules, ACTOR)
        self._changed()
        return _with_secret(record, secret)

    def find(self, call: Call) -> KeyRecord:
        return self._table().find(call.name)

    def standing(self, call: Call) -> Standing:
        return self._standing(key_subject(self._table().find(call.name)))

    def pay_in(self, call: Call) -> KeyRecord:
        record = self._table().pay_in(call.name, call.body.add_usd, ACTOR)
        self._changed()
        return record

    def postings(self, call: Call) -> BalancePostings:
        table = self._table()
        table.find(call.name)
        return BalancePostings(table.postings(call.name))

    def update(self, call: Call) -> KeyRecord:
        record = self._table().update(call.name, call.body, ACTOR)
        self._changed()
        return record

    def rotate(self, call: Call) -> KeyWithSecret:
        record, secret = self._table().rotate(call.name, ACTOR, overlap_s=call.body.overlap_s)
        self._changed()
        return _with_secret(record, secret)

    def revoke(self, call: Call) -> KeyRecord:
        how = call.body if call.query is None else call.query
        record = self._table().revoke(call.name, ACTOR, end_streams=how.end_streams)
        self._changed()
        return record


def _with_secret(record: KeyRecord, secret: str) -> KeyWithSecret:
    return KeyWithSecret(**msgspec.structs.asdict(record), key=secret)
