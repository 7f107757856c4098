"""What is read of an answer's chunks, and of whole completions, to make events of it."""

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import NULL, Fields


class Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class Custom(msgspec.Struct):
    name: str = ""
    input: str = ""


class ToolCall(msgspec.Struct):
    id: str = ""
    index: int | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: Raw = NULL


class Thinking(msgspec.Struct):
    """SeaLink's own `thinking_blocks`: a gateway may stand behind another."""

    type: str
    signature: str | None = None
    data: str | None = None
    signs: str | None = None


class Said(msgspec.Struct):
    """A delta, or a whole message."""

    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None
    thinking_blocks: list[Thinking] | None = None
    annotations: list[Raw] | None = None
    images: list[Raw] | None = None
    reasoning_details: Raw = NULL
    extra_content: Raw = NULL


class Logprobs(msgspec.Struct):
    content: list[Raw] | None = None
    refusal: list[Raw] | None = None


class Choice(msgspec.Struct):
    index: int
    delta: Said = msgspec.field(default_factory=Said)
    message: Said | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    choices: list[Choice]
    id: str = ""
    model: str = ""
    created: int | None = None
    usage: Fields | None = None
    citations: Raw = NULL
    search_results: Raw = NULL


CHUNK = msgspec.json.Decoder(Chunk)
