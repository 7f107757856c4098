"""An admission and its settlement as one row of the table `requests`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sealink.ledger.entry import Admission, Settlement
from sealink.usage import Usage

Row = dict[str, Any]
"""Values by column. Money in nano-dollars, times in milliseconds, `started_at` in UTC."""


class RowTable(Protocol):
    """Where rows go: ledger/requests_table.py, or a test's. Raises StoreUnavailable while the store is down."""

    def migrate(self) -> None: ...
    def insert(self, rows: Sequence[Row]) -> None: ...
    def roll_up(self, keep_days: int) -> int: ...
    def close(self) -> None: ...


MAX_TEXT = 512
"""Characters that are kept of a text: PostgreSQL's indices take at most 2,704 bytes."""
MAX_COUNT = 10**13
"""The largest number of tokens or nano-dollars of one request: sums over many of them must fit 64 bits in SQLite."""


def row_of(admission: Admission | None, settlement: Settlement) -> Row:
    """A row that every store takes. `admission` is None where its line in the journal was damaged."""
    return {
        "request_id": settlement.request_id,
        **_admitted(admission),
        **_ended(settlement),
        **_tokens(settlement.usage),
        **_measured(settlement),
    }


def open_row(admission: Admission) -> Row:
    """What is known of a request that has not ended. Reports show it; it is not stored."""
    row = row_of(admission, Settlement(request_id=admission.request_id))
    return {**row, "ended": None, "ended_by": None, "status": None}


def _admitted(admission: Admission | None) -> Row:
    if admission is None:
        return dict.fromkeys(("started_at", "key", "team", "model", "task_type", "client", "streamed", "structured"))
    return {
        "started_at": datetime.fromtimestamp(admission.started_at, UTC),
        "key": _text(admission.key),
        "team": _text(admission.team),
        "model": _text(admission.model),
        "task_type": _text(admission.task_type),
        "client": admission.client,
        "streamed": admission.streamed,
        "structured": admission.structured,
    }


def _ended(settlement: Settlement) -> Row:
    return {
        "status": None if settlement.ended == "killed" else settlement.status,
        "ended": settlement.ended,
        "ended_by": settlement.ended_by,
        "code": _text(settlement.code),
        "provider": settlement.provider,
        "served_model": _text(settlement.served_model),
        "attempts": settlement.attempts,
    }


def _tokens(usage: Usage | None) -> Row:
    return {
        "input_tokens": usage and _count(usage.input_tokens),
        "output_tokens": usage and _count(usage.output_tokens),
        "cached_read_tokens": usage and _count(usage.cached_read_tokens),
        "cached_write_tokens": usage and _count(usage.cached_write_tokens),
        "reasoning_tokens": usage and _count(usage.reasoning_tokens),
    }


def _measured(settlement: Settlement) -> Row:
    return {
        "usage_source": settlement.usage_source,
        "cost_nano_usd": _count(settlement.cost_nano_usd),
        "price_nano_usd": _count(settlement.price_nano_usd),
        "hedge_cost_nano_usd": _count(settlement.hedge_cost_nano_usd),
        "ttft_ms": settlement.ttft_ms,
        "duration_ms": settlement.duration_ms,
        "chunks": settlement.chunks,
        "longest_gap_ms": settlement.longest_gap_ms,
        "bytes_sent": settlement.bytes_sent,
        "timeline": settlement.timeline,
    }


def _text(value: str | None) -> str | None:
    """A text of any client or upstream, cut to MAX_TEXT; PostgreSQL takes no NUL."""
    return None if value is None else value[:MAX_TEXT].replace("\0", "\ufffd")


def _count(value: int | None) -> int | None:
    """A number that an upstream reported, within 0 and MAX_COUNT."""
    return None if value is None else max(0, min(value, MAX_COUNT))
