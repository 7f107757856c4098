"""What is written down about a request: that it was admitted, and how it ended; and the line of a journal for each.

A journal's line is the CRC-32 of the JSON in eight hex digits, a space, the JSON, a line feed. A line without
its line feed was being written when its writer was killed. Prompts, answers and keys are never part of an entry.
"""

from typing import Literal
from zlib import crc32

import msgspec

from sealink.trace_context import TraceContext
from sealink.usage import Provenance, Usage

Ended = Literal[
    "done", "error", "refused", "client_gone", "cancelled", "timed_out", "drained", "detached", "killed", "stopped"
]  # fmt: skip
"""`refused`: by SeaLink, before any target was asked; `killed`: the process died; `stopped`: it shut down; `drained`
and `detached`: the client had left, the answer was read to its end."""

EndedBy = Literal["client", "upstream", "sealink"]


class Admission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry", tag="admitted"):
    """A request was admitted, or is about to be refused. `request_id` is unique for all time; `started_at` is a Unix
    time in seconds.

    `key` is the key's name, `team` its team's at the time, `client` the dialect that the client speaks. `model` is None
    where it could not be read. `structured`: JSON was asked for, or an answer that has to be a function call; no older
    SeaLink wrote that down. `trace` is None where requests are not traced.
    """

    request_id: str
    key: str
    team: str | None = None
    model: str | None = None
    client: str
    streamed: bool
    structured: bool = False
    started_at: float
    task_type: str | None = None
    trace: TraceContext | None = None


class AttemptSpan(msgspec.Struct, omit_defaults=True):
    """An attempt in its request's trace. Times are in milliseconds since the request was admitted; `ended_ms` is None
    while it is under way."""

    id: str
    began_ms: float
    ended_ms: float | None = None


class Attempt(msgspec.Struct, omit_defaults=True):
    """A target that was tried. `code` is its error's, None for the one that answered.

    `cancelled`: the request was cancelled. `hedge_lost`: another attempt, which ran beside this one, answered first;
    `usage` and `cost_nano_usd` are then this attempt's own and not part of the row's, which are the answer's.
    `span` is None where the request is not traced.
    """

    provider: str
    model: str
    code: str | None = None
    usage: Usage | None = None
    usage_source: Provenance | None = None
    cost_nano_usd: int | None = None
    span: AttemptSpan | None = None


class Settlement(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="entry", tag="settled"):
    """How a request ended, its usage and cost. Times are in milliseconds since it was admitted.

    `status` is the HTTP status that the client was sent; 499, as nginx logs it, where the client had left before that.
    `code` is the error's, where there was one. `provider` and `served_model` are those of the answer, `attempts`
    all targets in the order they were tried. `usage` is None where nothing is known; of its fields the ledger keeps
    the counts, not `extras`. `cost_nano_usd` is the cost of the answer, None where the price is not known;
    `price_nano_usd` is that cost with the operator's markup. `hedge_cost_nano_usd` is the additional cost of a hedged
    attempt that lost, None where there was none or its price is not known. `bytes_sent` counts what went to the client,
    `chunks` the upstream's frames. `queued_ms`: how long it had waited for limits before it was admitted, or refused;
    None: it did not wait. `timeline`: see ledger/timeline.py.
    """

    request_id: str
    status: int = 200
    ended: Ended = "done"
    ended_by: EndedBy = "upstream"
    code: str | None = None
    provider: str | None = None
    served_model: str | None = None
    attempts: list[Attempt] = []
    usage: Usage | None = None
    usage_source: Provenance | None = None
    cost_nano_usd: int | None = None
    price_nano_usd: int | None = None
    hedge_cost_nano_usd: int | None = None
    queued_ms: float | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    chunks: int = 0
    longest_gap_ms: float | None = None
    bytes_sent: int = 0
    timeline: list[tuple[str, float]] = []


Entry = Admission | Settlement


class DamagedLine(ValueError):
    """A line whose checksum is wrong, or that this version cannot read."""


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def to_line(entry: Entry) -> bytes:
    """An entry as a journal's line."""
    text = _encoder.encode(entry)
    return b"%08x %b\n" % (crc32(text), text)


def from_line(line: bytes) -> Entry:
    """The entry of a whole line. Raises DamagedLine."""
    text = line[9:-1]
    if line[:9] != b"%08x " % crc32(text):
        raise DamagedLine("the checksum does not match")
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise DamagedLine(str(error)) from error
