"""Short ways to say what Gemini says, and to see what is sent to it."""

import json
from typing import Any

from sealink.events import Event
from sealink.request import ChatRequest, Message, Part
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.gemini_generate import UPSTREAM
from wire.upstream_asking import asking
from wire.upstream_line import read_stream

GEMINI_2, GEMINI_2_5, GEMINI_2_5_PRO, GEMINI_3 = (
    *("gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-pro"),
    "gemini-3-flash-preview",
)


def chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk with one candidate. `fields` are more of the candidate's fields, or the chunk's own: usage, ids."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish:
        candidate["finishReason"] = finish
    outer = {name: fields.pop(name) for name in ("usageMetadata", "responseId", "modelVersion") if name in fields}
    return {"candidates": [candidate | fields], **outer}


def sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\r\n\r\n" for each in chunks)


def events_of(*chunks: dict[str, Any]) -> list[Event]:
    return read_stream(UPSTREAM, [sse(*chunks)])


def assistant(*parts: Part) -> Message:
    return Message("assistant", list(parts), "messages[1]")


def write(request: ChatRequest, model: str = GEMINI_2_5) -> tuple[dict[str, Any], OutgoingRequest]:
    outgoing = UPSTREAM.write_request(request, model)
    return json.loads(outgoing.body), outgoing


def body(request: ChatRequest, model: str = GEMINI_2_5) -> dict[str, Any]:
    return write(request, model)[0]


def contents(*messages: Message, model: str = GEMINI_2_5) -> list[dict[str, Any]]:
    return body(asking(*messages), model)["contents"]
