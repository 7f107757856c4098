"""Short ways to ask for something, and to see what is sent to Anthropic for it."""

import json
from typing import Any

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest, Message, Part, Text, Tool
from sealink.wire.dialect import Outgoing
from sealink.wire.dialects.anthropic_messages import UPSTREAM

SONNET_4_5, SONNET_4_6, OPUS_5 = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-5"
EPHEMERAL = Raw(b'{"type":"ephemeral"}')
HI = {"type": "text", "text": "Hi"}
WEATHER = Tool(name="get_weather", description="Weather", parameters=Raw(b'{"type":"object","properties":{}}'))


def user(*parts: Part) -> Message:
    return Message("user", list(parts), "messages[0]")


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="alias", messages=list(messages) or [user(Text(text="Hi"))], **fields)


def write(request: ChatRequest, model: str = SONNET_4_6) -> tuple[dict[str, Any], Outgoing]:
    outgoing = UPSTREAM.write_request(request, model)
    return json.loads(outgoing.body), outgoing


def body(request: ChatRequest, model: str = SONNET_4_6) -> dict[str, Any]:
    return write(request, model)[0]


def extras(**fields: Any) -> dict[str, Raw]:
    return {name: Raw(msgspec.json.encode(value)) for name, value in fields.items()}
