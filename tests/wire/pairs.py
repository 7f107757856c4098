"""Every upstream dialect with every client dialect, at the wire: an upstream's bytes in, a client's bytes out.

Ids and clocks are given, so that the same bytes always make the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from dialects import CLIENTS, DIALECTS
from recordings import Case
from sealink.app import UPSTREAM_DIALECTS
from sealink.errors import SealinkError
from sealink.gateway.endpoints import CHAT, MESSAGES, RESPONSES
from sealink.wire.dialect import ClientDialect, FallbackIdentity, RequestHead, UpstreamDialect, same_dialect
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.translator import Translator

BIRTH = FallbackIdentity("birth", 1_700_000_000)
_CLIENT_DIALECTS: dict[str, ClientDialect] = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}
ENDS = ("message_stop", "response.completed", "response.incomplete")


def dialect_of(client: str) -> ClientDialect:
    return _CLIENT_DIALECTS[client]


def head_of(client: str, **fields: Any) -> RequestHead:
    """The head of the least that can be asked, with these fields."""
    body = msgspec.json.encode({**CLIENTS[client].question, "model": "asked-for", **fields})
    return dialect_of(client).parse_head(body, {})


def upstream_of(api: str) -> UpstreamDialect:
    """The dialect of a wire format."""
    return UPSTREAM_DIALECTS[DIALECTS[api]]


def is_relayed(client: str, api: str) -> bool:
    """Whether both ends speak one dialect, so that the upstream's own bytes go through."""
    return same_dialect(upstream_of(api), dialect_of(client))


def lane_of(client: str, case: Case) -> Lane:
    """A lane for a recorded stream, as for a client that asked for what the case's own client asked for."""
    dialect, upstream = dialect_of(client), upstream_of(case.api)
    fields: dict[str, Any] = {"stream": True}
    if client == "chat":
        fields |= {"stream_options": {"include_usage": True}, "n": (case.request or {}).get("n") or 1}
    head = head_of(client, **fields)
    if same_dialect(upstream, dialect):
        return Lane(upstream.framer(), upstream.passthrough(head))
    encoder = dialect.encoder(dialect.parse_request(head), BIRTH)
    return Lane(upstream.framer(), Translator(upstream.decoder(), encoder))


def streamed(
    client: str, case: Case, pieces: Iterable[bytes], cause: SealinkError | None = None
) -> tuple[bytes, Outcome]:
    """What the client gets of these bytes, which end properly unless there is a `cause`."""
    lane = lane_of(client, case)
    return b"".join([*map(lane.feed, pieces), lane.close(cause)]), lane.outcome


def whole(client: str, case: Case) -> bytes:
    """A recorded answer that was not streamed."""
    dialect, upstream = dialect_of(client), upstream_of(case.api)
    if same_dialect(upstream, dialect):
        return upstream.passthrough_whole(case.body)[0]
    return dialect.whole(dialect.parse_request(head_of(client)), upstream.decode_whole(case.body), BIRTH)


def refused(client: str, case: Case) -> bytes:
    """A recorded error's body, as the client gets it."""
    headers = list(case.meta["response_headers"].items())
    error = upstream_of(case.api).read_error(case.meta["status"], headers, case.body)
    return dialect_of(client).error_body(error, BIRTH.id)


def answered(client: str, case: Case) -> bytes:
    """What the client gets of a recorded case."""
    if case.kind == "stream":
        return streamed(client, case, [case.body])[0]
    return whole(client, case) if case.kind == "json" else refused(client, case)


def errors_in(client: str, body: bytes) -> int:
    """How many errors a client of this dialect reads in a stream."""
    if client == "chat":
        return sum(bool(event.get("error")) for event in events_in(body))
    return sum(event.get("type") in ("error", "response.failed") for event in events_in(body))


def ends_well(client: str, body: bytes) -> bool:
    """Whether a client of this dialect reads that the answer is whole."""
    if client == "chat":
        return b"data: [DONE]" in body.split(b"\n")
    return any(event.get("type") in ENDS for event in events_in(body))


def events_in(body: bytes) -> Iterator[dict[str, Any]]:
    """What a stream's frames say. Bytes that are no text are the upstream's own, relayed."""
    for line in body.split(b"\n"):
        if line.startswith(b"data: {"):
            yield json.loads(line[6:].decode(errors="replace"))
