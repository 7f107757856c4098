"""A lane to an Anthropic client, from either dialect, and the stock client at its end, without a network."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import anthropic
import httpx2
import msgspec

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, RequestHead, UpstreamDialect
from sealink.wire.dialects.anthropic_messages import CLIENT, UPSTREAM
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.translator import Translator

QUESTION = [{"role": "user", "content": "What did the provider answer?"}]
IDENTITY = FallbackIdentity("1", 17, "m")


def head_of(headers: dict[str, str] | None = None, **fields: Any) -> RequestHead:
    """The head of a request with these fields."""
    body = msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": QUESTION, **fields})
    return CLIENT.parse_head(body, headers or {})


def request_of(**fields: Any) -> ChatRequest:
    return CLIENT.parse_request(head_of(**fields))


def encoded(*events: Event, **fields: Any) -> bytes:
    """The stream that a client gets of these events."""
    encoder = CLIENT.encoder(request_of(stream=True, **fields), IDENTITY)
    return b"".join(map(encoder.encode, events))


def passthrough_lane() -> Lane:
    return Lane(UPSTREAM.framer(), UPSTREAM.passthrough(head_of(stream=True), IDENTITY))


def translating_lane(upstream: UpstreamDialect, **fields: Any) -> Lane:
    encoder = CLIENT.encoder(request_of(stream=True, **fields), IDENTITY)
    return Lane(upstream.framer(), Translator(upstream.decoder(), encoder))


def through(lane: Lane, pieces: Iterable[bytes], cause: SealinkError | None = None) -> tuple[bytes, Outcome]:
    """What the client gets of these upstream bytes, which end properly unless there is a `cause`."""
    return b"".join([*map(lane.feed, pieces), lane.close(cause)]), lane.outcome


def events_in(body: bytes) -> list[dict[str, Any]]:
    """The data of a stream's frames."""
    lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines]


def stock_client(answer: Callable[[], tuple[int, bytes]]) -> anthropic.Anthropic:
    """The anthropic SDK, which gets this status and body for whatever it asks."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        status, body = answer()
        kind = "text/event-stream" if msgspec.json.decode(request.content).get("stream") else "application/json"
        return httpx2.Response(status, headers={"content-type": kind}, content=body)

    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    return anthropic.Anthropic(api_key="none", base_url="http://sealink", max_retries=0, http_client=client)


def final_message(body: bytes) -> dict[str, Any]:
    """What the stock SDK's own accumulator makes of a stream."""
    client = stock_client(lambda: (200, body))
    with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}]) as stream:
        message: dict[str, Any] = stream.get_final_message().to_dict(warnings=False)
        return message
