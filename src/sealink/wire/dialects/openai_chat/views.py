"""What is read of a stream's chunks, and of whole completions, to make events of them."""

from typing import Final

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
    """SeaLink's own `thinking_blocks`: the upstream may be another SeaLink."""

    type: str
    signature: str | None = None
    data: str | None = None
    signs: str | None = None


class Message(msgspec.Struct):
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
    """`stop_reason` (vLLM) and `matched_stop` (SGLang) are the matched stop string, or the number of a token."""

    index: int
    delta: Message = msgspec.field(default_factory=Message)
    message: Message | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    stop_reason: Raw = NULL
    matched_stop: Raw = NULL


class Chunk(msgspec.Struct):
    choices: list[Choice]
    id: str = ""
    model: str = ""
    created: int | None = None
    usage: Fields | None = None
    service_tier: Raw = NULL
    citations: Raw = NULL
    search_results: Raw = NULL


CHUNK: Final = msgspec.json.Decoder(Chunk)

_DECODE: Final = {field.name: msgspec.json.Decoder(field.type).decode for field in msgspec.structs.fields(Chunk)}
"""Decodes one field of a chunk, by its name."""


def chunk_of(fields: Fields) -> Chunk:
    """A chunk that has been parsed into fields. Raises ValidationError, as `CHUNK.decode` does."""
    name, values = "", {}
    try:
        for name, raw in fields.items():
            if (decode := _DECODE.get(name)) is not None:
                values[name] = decode(raw)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{message} - at `$.{name}{place or '`'}") from error
    if "choices" not in values:
        raise msgspec.ValidationError("Object missing required field `choices`")
    return Chunk(**values)
