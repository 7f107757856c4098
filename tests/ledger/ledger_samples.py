"""Entries to write down, and what the store then holds."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.ledger.requests_table import RequestsTable, requests
from sealink.ledger.settings import LedgerSettings
from sealink.usage import Usage

STARTED_AT = 1_767_323_045.678
"""2026-01-02T03:04:05.678Z"""

IMPATIENT = LedgerSettings(upload_every_s=0.01, retry_min_s=0.01, retry_max_s=0.1, store_timeout_s=0.1, close_s=0.5)
"""For stores that come and go while a test waits."""


def admission(request_id: str, **other: Any) -> Admission:
    fields = {"key": "dev", "model": "claude-sonnet-4-6", "client": "openai", "streamed": True}
    return Admission(**{"request_id": request_id, "started_at": STARTED_AT, **fields, **other})


def settlement(request_id: str, tokens: int = 7, **other: Any) -> Settlement:
    fields = {
        "provider": "anthropic",
        "served_model": "claude-sonnet-4-6-20260101",
        "attempts": [Attempt("my-vllm", "qwen3", "upstream_refused"), Attempt("anthropic", "claude-sonnet-4-6")],
        "usage": Usage(input_tokens=100, output_tokens=tokens, cached_read_tokens=30, reasoning_tokens=2),
        "usage_source": "provider",
        "cost_nano_usd": tokens * 1000,
        "hedge_cost_nano_usd": 300,
        "ttft_ms": 123.4,
        "duration_ms": 2345.6,
        "chunks": 41,
        "longest_gap_ms": 55.5,
        "bytes_sent": 9000,
        "timeline": [("admitted", 0.0), ("first_content", 123.4), ("last_byte", 2345.6)],
    }
    return Settlement(**{"request_id": request_id, **fields, **other})


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder}/sealink.db"


def stored_rows(url: str) -> dict[str, dict[str, Any]]:
    """All rows of a store, by request id."""
    table = RequestsTable(url, timeout_s=5.0)
    try:
        with table.reading() as connection:
            return {row["request_id"]: dict(row) for row in connection.execute(select(requests)).mappings()}
    finally:
        table.close()
