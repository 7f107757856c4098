"""The chunk that nearly every chunk is: one delta of one choice, and nothing that has to be looked at.

Only such a chunk decodes into the view; a value of another type, or one that needs a closer look, does not.
What is not named here may be there: the view says nothing of it, and it travels on untouched.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sealink.wire.dialects.openai_chat.finish import Standard
from sealink.wire.dialects.openai_chat.upstream.tool_calls import CallView
from sealink.wire.raw_json.fields import Fields, encode, parse_object, without

_Absent = None | UnsetType
_Text = str | None | UnsetType


class _AnyObject(msgspec.Struct, gc=False):
    pass


class _Indexed(msgspec.Struct, gc=False):
    """An item of a list, with the `index` by which the stock SDK merges lists."""

    index: int


_List = list[_Indexed] | UnsetType | None


class DeltaView(msgspec.Struct, gc=False):
    role: _Text = UNSET
    content: _Text = UNSET
    refusal: _Text = UNSET
    reasoning_content: _Text = UNSET
    reasoning: _Text = UNSET
    tool_calls: list[CallView] | UnsetType | None = UNSET
    function_call: _Absent = UNSET
    annotations: _List = UNSET
    images: _List = UNSET
    reasoning_details: _List = UNSET
    thinking_blocks: _List = UNSET
    reasoning_text: _Absent = UNSET
    thinking: _Absent = UNSET


class ChoiceView(msgspec.Struct, gc=False):
    index: int
    delta: DeltaView
    finish_reason: Standard | UnsetType | None = UNSET
    logprobs: _AnyObject | UnsetType | None = UNSET
    message: _Absent = UNSET
    error: _Absent = UNSET


class PlainChunk(msgspec.Struct, gc=False):
    """A chunk with one delta, or the usage without any, and nothing that has to be looked at.

    What is not named here may be there.
    """

    choices: Annotated[list[ChoiceView], msgspec.Meta(max_length=1)]
    object: Literal["chat.completion.chunk"]
    usage: Fields | UnsetType | None = UNSET
    error: _Absent = UNSET
    x_groq: _Absent = UNSET


PLAIN_CHUNK = msgspec.json.Decoder(PlainChunk)


def says_anything(delta: DeltaView) -> bool:
    """Whether a delta has more in it than a role."""
    words = delta.content or delta.refusal or delta.reasoning_content or delta.reasoning
    lists = delta.tool_calls or delta.annotations or delta.images or delta.reasoning_details
    return bool(words or lists)


def with_reasoning_content(data: bytes, delta: DeltaView) -> bytes:
    """The chunk with its `reasoning` (OpenRouter, Groq, Ollama) in `reasoning_content`, too; b"" if that takes more."""
    opening = b'"delta":{'  # no string can hold these bytes: its quotes would be escaped
    if not delta.reasoning or delta.reasoning_content is not UNSET or data.count(opening) != 1:
        return b""
    return data.replace(opening, opening + b'"reasoning_content":' + encode(delta.reasoning) + b",")


def without_null_usage(data: bytes) -> bytes:
    """A chunk without the `"usage": null` that only SeaLink asked for, as OpenAI would have sent it."""
    if data.count(b'"usage"') == 1 and (at := data.find(b',"usage":null')) > 0:
        return data[:at] + data[at + 13 :]
    return encode(without(parse_object(data), "usage"))
