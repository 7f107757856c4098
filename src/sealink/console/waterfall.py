"""One request as a waterfall: what it waited for, one after the other, and what happened while it streamed. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

WIDTH: Final = 1000.0
"""Of the picture, whose bars are drawn to the request's whole duration."""
_BETWEEN: Final = ("gap", "heartbeat")
"""Moments that are marks on the bar they fall into, instead of its end."""
_WORDS: Final = {
    "connected": "connection open, request sent",
    "hedged": "second attempt begins beside the first",
    "headers": "headers from the provider",
    "first_content": "first content",
    "last_byte": "last byte",
    "client_gone": "the client has left",
    "upstream_closed": "the provider's connection is closed",
    "end": "end",
}


class Mark(msgspec.Struct, frozen=True):
    """A gap's end, or a heartbeat."""

    kind: str
    x: float
    at_ms: float


class Bar(msgspec.Struct, frozen=True):
    """What was waited for, from one moment to the next. `is_stream`: content was coming meanwhile."""

    label: str
    at_ms: float
    took_ms: float
    x: float
    width: float
    is_stream: bool
    marks: list[Mark]


def waterfall(timeline: Sequence[tuple[str, float]], duration_ms: float | None) -> list[Bar]:
    """The bars of a request, in order. The timeline's marks are as the ledger keeps them."""
    marks = sorted(((kind, at) for kind, at in timeline if kind != "admitted"), key=lambda mark: mark[1])
    last = max([at for _, at in marks], default=0.0)
    whole = max(duration_ms or 0.0, last) or 1.0
    if duration_ms is not None:
        marks.append(("end", duration_ms))
    bars: list[Bar] = []
    since, between, is_stream = 0.0, [], False
    for kind, at in marks:
        x = round(at / whole * WIDTH, 1)
        if kind in _BETWEEN:
            between.append(Mark(kind, x, at))
            continue
        begin = round(since / whole * WIDTH, 1)
        took = max(0.0, at - since)
        bars.append(Bar(_WORDS.get(kind, kind), at, took, begin, max(0.0, round(x - begin, 1)), is_stream, between))
        since, between = max(since, at), []
        is_stream = kind == "first_content" or (is_stream and kind not in ("last_byte", "upstream_closed"))
    return bars
