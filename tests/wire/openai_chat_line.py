"""A lane from an OpenAI-compatible upstream to an OpenAI client, and the stock client at its end, without a network."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx2
import msgspec
import openai
from msgspec import Raw

from sealink.errors import SealinkError
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome

QUESTION = [{"role": "user", "content": "What did the provider answer?"}]


def head_of(**fields: Any) -> RequestHead:
    """The head of a request with these fields."""
    return CLIENT.parse_head(msgspec.json.encode({"model": "m", "messages": QUESTION, **fields}), {})


def stream_head(*, include_usage: bool, choices: int = 1) -> RequestHead:
    return RequestHead("m", True, include_usage, None, {"n": Raw(str(choices).encode())})


def lane_of(head: RequestHead) -> Lane:
    return Lane(UPSTREAM.framer(), UPSTREAM.passthrough(head))


def relayed(
    pieces: Iterable[bytes], *, include_usage: bool = True, choices: int = 1, cause: SealinkError | None = None
) -> tuple[bytes, Outcome]:
    """What the client gets of these upstream bytes, which end properly unless there is a `cause`."""
    lane = lane_of(stream_head(include_usage=include_usage, choices=choices))
    return b"".join([*map(lane.feed, pieces), lane.close(cause)]), lane.outcome


def frames(*chunks: dict[str, Any] | bytes, done: bool = True) -> bytes:
    """Chunks as an upstream's stream; bytes stand for themselves."""
    out = [chunk if isinstance(chunk, bytes) else b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks]
    return b"".join(out) + (b"data: [DONE]\n\n" if done else b"")


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One of OpenAI's chunks, with whatever else is said."""
    entry = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    envelope = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**envelope, "choices": [entry], **fields}


def said(body: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream, without `[DONE]` and comments."""
    lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def stock_client(answer: Callable[[], tuple[int, bytes]]) -> openai.OpenAI:
    """The openai SDK, which gets this status and body for whatever it asks."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        status, body = answer()
        kind = "text/event-stream" if msgspec.json.decode(request.content).get("stream") else "application/json"
        return httpx2.Response(status, headers={"content-type": kind}, content=body)

    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    return openai.OpenAI(api_key="none", base_url="http://sealink/v1", max_retries=0, http_client=client)
