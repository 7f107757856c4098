"""W3C trace context: the trace that a request is part of, as the headers `traceparent` and `tracestate` say it.

https://www.w3.org/TR/trace-context/. Ids are in lower-case hex digits.
"""

import os
import random
import re
from collections.abc import Mapping
from typing import Final

import msgspec

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_SAMPLED: Final = 1
_MADE_AT_ONCE: Final = 64
_span_ids: Final[list[str]] = []
os.register_at_fork(after_in_child=_span_ids.clear)
MAX_STATE_CHARS: Final = 512
"""A longer `tracestate` is not passed on: so much must be kept (section 3.3.1.5), and more may be refused."""


class TraceContext(msgspec.Struct, frozen=True, omit_defaults=True):
    """`trace_id` has 32 digits, `span_id` 16: that of SeaLink's own span, which stands for the request. `parent_id`:
    the client's, None where the trace begins here. `sampled`: whether its spans are to be kept. `state`: the client's
    `tracestate`.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    state: str = ""

    def header_lines(self, span_id: str) -> bytes:
        """What tells an upstream that it works for this span: lines of a head, each with its end."""
        lines = f"traceparent: 00-{self.trace_id}-{span_id}-{'01' if self.sampled else '00'}\r\n"
        return (f"{lines}tracestate: {self.state}\r\n" if self.state else lines).encode()


def context_of(sample_ratio: float, request_id: str, headers: Mapping[str, str]) -> TraceContext:
    """The client's trace, sampled as it says; else a new one, of which a share of `sample_ratio` is sampled.

    `request_id` ends in 32 random digits: a new trace has them as its id, so that one leads to the other.
    """
    given = headers.get("traceparent")
    if given is None or (parent := _TRACEPARENT.fullmatch(given)) is None or not _is_valid(*parent.groups()):
        trace_id, span_id = request_id[-32:], request_id[-16:]
        # Others sample the same ids: OpenTelemetry's TraceIdRatioBased looks at the last 64 bits, too.
        if sample_ratio == 1.0 or int(span_id, 16) < sample_ratio * 2**64:
            return TraceContext(trace_id, span_id)
        return TraceContext(trace_id, span_id, sampled=False)
    _, trace_id, parent_id, flags, _ = parent.groups()
    state = headers.get("tracestate", "")
    is_usable = len(state) <= MAX_STATE_CHARS and state.isascii() and state.isprintable()
    is_sampled = bool(int(flags, 16) & _SAMPLED)
    return TraceContext(trace_id, request_id[-16:], parent_id, is_sampled, state.strip() if is_usable else "")


def new_span_id() -> str:
    """One of 16 digits. They are made by the dozen, for a third of the time."""
    if not _span_ids:
        digits = f"{random.getrandbits(64 * _MADE_AT_ONCE):0{16 * _MADE_AT_ONCE}x}"
        _span_ids.extend(digits[begin : begin + 16] for begin in range(0, len(digits), 16))
    span_id = _span_ids.pop()
    return span_id if span_id != _NO_SPAN else new_span_id()


def _is_valid(version: str, trace_id: str, parent_id: str, flags: str, more: str | None) -> bool:
    """Section 3.2.2: version ff is none, and only versions to come may have more than version 00."""
    return version != "ff" and not (version == "00" and more) and trace_id != _NO_TRACE and parent_id != _NO_SPAN
