"""Every upstream dialect with every client dialect, at the wire: an upstream's bytes in, a client's bytes out.

Ids and clocks are given, so that the same bytes always make the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from recordings import Case
from sealink.app import CLIENT_DIALECTS, UPSTREAM_DIALECTS
from sealink.errors import SealinkError
from sealink.wire.dialect import Birth, ClientDialect, Outcome, RequestHead, UpstreamDialect, are_one
from sealink.wire.lanes import Lane, Translate

BIRTH = Birth("birth", 1_700_000_000)
QUESTION = "What did the provider answer?"
ASKED = [{"role": "user", "content": QUESTION}]

ENDS = ("message_stop", "response.completed", "response.incomplete")

DIALECTS = {
    "openai-chat": "openai",
    "anthropic-messages": "anthropic",
    "openai-responses": "responses",
    "gemini": "gemini",
    "bedrock-converse": "bedrock",
    "cohere-v2": "cohere",
    "ollama-chat": "ollama",
}
"""The wire formats of the recordings, and what sealink.toml calls them."""


@dataclass(frozen=True)
class End:
    """A client dialect: its wire format, the path it is spoken on, and the least that can be asked in it."""

    api: str
    path: str
    question: dict[str, Any]

    @property
    def dialect(self) -> ClientDialect:
        return CLIENT_DIALECTS[self.path]

    def head(self, **fields: Any) -> RequestHead:
        body = msgspec.json.encode({**self.question, "model": "asked-for", **fields})
        return self.dialect.read_head(body, {})


CLIENTS = {
    "chat": End("openai-chat", "/v1/chat/completions", {"messages": ASKED}),
    "messages": End("anthropic-messages", "/v1/messages", {"messages": ASKED, "max_tokens": 1024}),
    "responses": End("openai-responses", "/v1/responses", {"input": QUESTION}),
}


def upstream_of(api: str) -> UpstreamDialect:
    """The dialect of a wire format."""
    return UPSTREAM_DIALECTS[DIALECTS[api]]


def is_relayed(client: str, api: str) -> bool:
    """Whether both ends speak one dialect, so that the upstream's own bytes go through."""
    return are_one(upstream_of(api), CLIENTS[client].dialect)


def lane_of(client: str, case: Case) -> Lane:
    """A lane for a recorded stream, as for a client that asked for what the case's own client asked for."""
    end, upstream = CLIENTS[client], upstream_of(case.api)
    fields: dict[str, Any] = {"stream": True}
    if client == "chat":
        fields |= {"stream_options": {"include_usage": True}, "n": (case.request or {}).get("n") or 1}
    head = end.head(**fields)
    if are_one(upstream, end.dialect):
        return Lane(upstream.framer(), upstream.relay(head))
    encoder = end.dialect.encoder(end.dialect.read_request(head), BIRTH)
    return Lane(upstream.framer(), Translate(upstream.decoder(), encoder))


def streamed(
    client: str, case: Case, pieces: Iterable[bytes], cause: SealinkError | None = None
) -> tuple[bytes, Outcome]:
    """What the client gets of these bytes, which end properly unless there is a `cause`."""
    lane = lane_of(client, case)
    return b"".join([*map(lane.feed, pieces), lane.close(cause)]), lane.outcome


def whole(client: str, case: Case) -> bytes:
    """A recorded answer that was not streamed."""
    end, upstream = CLIENTS[client], upstream_of(case.api)
    if are_one(upstream, end.dialect):
        return upstream.relay_whole(case.body)[0]
    head = end.head()
    return end.dialect.whole(end.dialect.read_request(head), upstream.whole_events(case.body), BIRTH)


def refused(client: str, case: Case) -> bytes:
    """A recorded error's body, as the client gets it."""
    headers = list(case.meta["response_headers"].items())
    error = upstream_of(case.api).read_error(case.meta["status"], headers, case.body)
    return CLIENTS[client].dialect.error_body(error, BIRTH.id)


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
