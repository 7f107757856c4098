"""Entries as lines: what was written is read, and nothing else is."""

import json
import time
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import admission, settlement

from sealink.ledger.entry import Admission, DamagedLine, Settlement, from_line, to_line

text = st.text(st.characters(codec="utf-8"))


@given(request_id=text, model=text, task_type=st.none() | text, streamed=st.booleans(), structured=st.booleans())
def test_an_admission_is_read_as_it_was_written(
    request_id: str, model: str, task_type: str | None, streamed: bool, structured: bool
) -> None:
    said = {"model": model, "task_type": task_type, "streamed": streamed, "structured": structured}
    entry = admission(request_id, **said, started_at=time.time())
    line = to_line(entry)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert from_line(line) == entry


@given(code=st.none() | text, tokens=st.integers(-(10**30), 10**30), cost=st.none() | st.integers(0, 10**30))
def test_a_settlement_is_read_as_it_was_written(code: str | None, tokens: int, cost: int | None) -> None:
    entry = settlement("req_1", tokens, code=code, cost_nano_usd=cost)
    assert from_line(to_line(entry)) == entry
    assert from_line(to_line(Settlement(request_id="req_1"))) == Settlement(request_id="req_1")


def test_every_damaged_byte_is_noticed() -> None:
    line = to_line(settlement("req_1"))
    for index in range(len(line) - 1):
        for flipped in (line[index] ^ 0x01, line[index] ^ 0x80, 0):
            with pytest.raises(DamagedLine):
                from_line(line[:index] + bytes([flipped]) + line[index + 1 :])


def test_every_shortened_line_is_noticed() -> None:
    line = to_line(admission("req_1"))
    for length in range(len(line) - 1):
        with pytest.raises(DamagedLine):
            from_line(line[:length] + b"\n")


def test_an_admission_of_an_older_version_is_read() -> None:
    """As it was written before `structured`, which takes no byte where it is not asked for."""
    body = b'{"entry":"admitted","request_id":"req_1","key":"dev","client":"openai","streamed":true,"started_at":1.0}'
    line = b"%08x %b\n" % (crc32(body), body)
    entry = Admission(request_id="req_1", key="dev", client="openai", streamed=True, started_at=1.0)
    assert from_line(line) == entry
    assert entry.structured is False
    assert to_line(entry) == line


def test_what_a_later_version_adds_is_passed_over_and_what_it_renames_is_damage() -> None:
    def line_of(fields: dict[str, object]) -> bytes:
        body = json.dumps(fields).encode()
        return b"%08x %b\n" % (crc32(body), body)

    known = {"entry": "settled", "request_id": "req_1"}
    assert from_line(line_of({**known, "colour": "red"})) == Settlement(request_id="req_1")
    with pytest.raises(DamagedLine, match="ended"):
        from_line(line_of({**known, "ended": "abducted"}))
