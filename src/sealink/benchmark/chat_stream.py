"""A streamed chat completion of any OpenAI-compatible endpoint, as a client receives it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from sealink.errors import UpstreamError
from sealink.net.client.response import Response
from sealink.net.message import UpstreamRequest
from sealink.wire.dialects import openai_chat
from sealink.wire.framing.sse import SseFramer


class _Choice(msgspec.Struct):
    """What is read of a choice."""

    delta: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    """What is read of a chunk."""

    choices: list[_Choice] | None = None


def chat_request(base_url: str, key: str, body: dict[str, Any]) -> UpstreamRequest:
    """A request for a stream that ends with the usage. `base_url` ends in /v1."""
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    return UpstreamRequest(
        method="POST",
        url=f"{base_url.rstrip('/')}/chat/completions",
        headers=[("authorization", f"Bearer {key}"), ("content-type", "application/json")],
        body=msgspec.json.encode(asked),
    )


async def chunks(answer: Response) -> AsyncIterator[dict[str, Any]]:
    """The chunks of the answer, up to `[DONE]`. Raises the SealinkError that came instead, or in the middle."""
    if answer.status != 200:
        body = b"".join([piece async for piece in _pieces(answer)])
        raise openai_chat.UPSTREAM.read_error(answer.status, answer.headers, body)
    framer = SseFramer()
    async for piece in _pieces(answer):
        for frame in framer.feed(piece):
            if frame.data == b"[DONE]":
                return
            if frame.data:
                yield _chunk(frame.data)


def texts(chunk: dict[str, Any]) -> list[str]:
    """What the model says in a chunk, its reasoning and refusals included; empty where it says nothing."""
    deltas = [choice.get("delta") or {} for choice in chunk.get("choices") or ()]
    names = ("content", "refusal", "reasoning_content", "reasoning")
    return [delta[name] for delta in deltas for name in names if isinstance(delta.get(name), str) and delta[name]]


def completion_tokens(usage: Any) -> int:
    """The tokens of an answer by its usage; 0 where that is none, or does not tell."""
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) else 0


def read_chunk(data: bytes) -> dict[str, Any]:
    """The chunk that is a frame's data. Raises UpstreamError for what no chunk of a chat completion can be."""
    try:
        chunk = msgspec.json.decode(data, type=dict[str, Any])
        msgspec.convert(chunk, _Chunk)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamError(f"A chunk of the stream is not a JSON object of a chat completion: {error}") from error
    return chunk


def _chunk(data: bytes) -> dict[str, Any]:
    chunk = read_chunk(data)
    if "error" in chunk:
        raise UpstreamError(_message(chunk["error"]))
    return chunk


def _message(error: Any) -> str:
    return str(error.get("message") or error) if isinstance(error, dict) else str(error)


async def _pieces(answer: Response) -> AsyncIterator[bytes]:
    while piece := await answer.read():
        yield piece
