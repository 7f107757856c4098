"""`usage.created`: rows that the ledger stores, in batches, written to the outbox in the same transaction."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table

from sealink.webhooks.events import event
from sealink.webhooks.outbox import rows_of, webhook_messages
from sealink.webhooks.settings import WebhookSettings

TYPE: Final = "usage.created"
BATCH: Final = 100
"""How many rows a message has at most."""
_FIELDS: Final = (
    "request_id",
    "started_at",
    "key",
    "team",
    "model",
    "task_type",
    "provider",
    "served_model",
    "ended",
    "ended_by",
    "code",
    "input_tokens",
    "output_tokens",
    "cached_read_tokens",
    "cached_write_tokens",
    "reasoning_tokens",
    "usage_source",
    "cost_nano_usd",
    "price_nano_usd",
    "duration_ms",
)

Row = dict[str, Any]


class UsageEvents:
    """What is stored beside the ledger's rows. The same rows make the same messages."""

    def __init__(self, endpoints: Sequence[WebhookSettings]) -> None:
        self._endpoints = endpoints

    def __call__(self, rows: Sequence[Row]) -> list[tuple[Table, list[Row]]]:
        batches = [rows[begin : begin + BATCH] for begin in range(0, len(rows), BATCH)]
        events = [
            event(TYPE, {"requests": [_told(row) for row in batch]}, of=tuple(row["request_id"] for row in batch))
            for batch in batches
        ]
        return [(webhook_messages, rows_of(events, self._endpoints))]


def _told(row: Row) -> Row:
    return {name: row[name] for name in _FIELDS}
