"""How keys ask lately: by streams or in one piece, and whether that fits what they get."""

from typing import Any, Final

from sqlalchemy import Connection, case, func, select

from sealink.ledger.requests_table import requests
from sealink.policy.advice import MAX_STREAM_S, PROXY_TIMEOUT_S, SHORT_TOKENS, Habits

NEWEST: Final = 2000
"""Requests that are looked at: of all keys together, or of one."""


def habits_of_keys(connection: Connection, key: str | None = None) -> list[Habits]:
    """By the newest requests of all keys, or of this one, that came to their end. Reads a part of an index."""
    columns = requests.c
    told = columns.key, columns.streamed, columns.structured, columns.ended
    times = columns.ttft_ms, columns.duration_ms
    newest = select(*told, columns.output_tokens, *times).where(columns.started_at.is_not(None))
    if key is not None:
        newest = newest.where(columns.key == key)
    lately = newest.order_by(columns.started_at.desc()).limit(NEWEST).subquery()
    is_known = lately.c.ended == "done", lately.c.key.is_not(None), lately.c.duration_ms.is_not(None)
    query = select(
        lately.c.key,
        _count(lately.c.streamed),
        _count(lately.c.streamed & _is_short(lately.c)),
        _count(~lately.c.streamed),
        _count(~lately.c.streamed & (lately.c.duration_ms >= PROXY_TIMEOUT_S * 1000)),
        _count(lately.c.streamed & lately.c.structured),
    )
    rows = connection.execute(query.where(*is_known).group_by(lately.c.key).order_by(lately.c.key))
    return [Habits(name, *map(int, counts)) for name, *counts in rows]


def _is_short(row: Any) -> Any:
    """So few tokens, one soon after the other: nobody has read along. One that the model took long to begin with was
    kept alive by being a stream."""
    is_quick = (row.duration_ms - row.ttft_ms <= MAX_STREAM_S * 1000) & (row.duration_ms < PROXY_TIMEOUT_S * 500)
    return (row.output_tokens <= SHORT_TOKENS) & is_quick


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
