"""Views of what nearly every chunk, and most whole answers, are: one delta of one choice, or one choice with a text,
in OpenAI's own shape.

Only such a chunk, or answer, decodes into its view. One with a value of another type, or with a field that has to be
normalised, does not. Fields that are not named here may be present: they are not read, and stay as they are.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sealink.events import Finish
from sealink.wire.dialects.openai_chat.finish import Standard
from sealink.wire.dialects.openai_chat.upstream.frames import is_utf8
from sealink.wire.dialects.openai_chat.upstream.normalize_calls import CallView
from sealink.wire.dialects.openai_chat.usage import read_plain_usage
from sealink.wire.raw_json.fields import NULL, UNREADABLE, encode, parse_object, without
from sealink.wire.stream.plain_answer import PlainAnswer

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
    extra_content: Raw = NULL
    reasoning_text: _Absent = UNSET
    thinking: _Absent = UNSET


class ChoiceView(msgspec.Struct, gc=False):
    index: int
    delta: DeltaView
    finish_reason: Standard | UnsetType | None = UNSET
    logprobs: _AnyObject | UnsetType | None = UNSET
    message: _Absent = UNSET
    usage: _Absent = UNSET
    error: _Absent = UNSET


class PlainChunk(msgspec.Struct, gc=False):
    """A chunk with one delta, or with the usage and no delta. `usage` is empty where there is none, not even null."""

    id: str
    created: int
    model: str
    choices: Annotated[list[ChoiceView], msgspec.Meta(max_length=1)]
    object: Literal["chat.completion.chunk"]
    usage: Raw = Raw()
    citations: Raw = NULL
    search_results: Raw = NULL
    system_fingerprint: _Text = UNSET
    service_tier: _Text = UNSET
    error: _Absent = UNSET
    x_groq: _Absent = UNSET


_NO_EXTRAS: Final = (NULL, NULL, NULL)

PLAIN_CHUNK: Final = msgspec.json.Decoder(PlainChunk)


class _Message(msgspec.Struct, gc=False):
    """A message that is one text."""

    role: Literal["assistant"]
    content: Annotated[str, msgspec.Meta(min_length=1)]
    refusal: _Absent = UNSET
    tool_calls: _Absent = UNSET
    function_call: _Absent = UNSET
    annotations: Annotated[list[Raw], msgspec.Meta(max_length=0)] | UnsetType | None = UNSET
    audio: _Absent = UNSET
    images: _Absent = UNSET
    executed_tools: _Absent = UNSET
    reasoning_content: _Absent = UNSET
    reasoning: _Absent = UNSET
    reasoning_details: _Absent = UNSET
    reasoning_text: _Absent = UNSET
    thinking: _Absent = UNSET
    thinking_blocks: _Absent = UNSET
    extra_content: _Absent = UNSET


class _Choice(msgspec.Struct, gc=False):
    index: Literal[0]
    message: _Message
    finish_reason: Literal["stop", "length"]
    logprobs: _Absent = UNSET
    stop_reason: _Absent = UNSET
    matched_stop: _Absent = UNSET
    usage: _Absent = UNSET
    error: _Absent = UNSET


class _Completion(msgspec.Struct, gc=False):
    """A whole answer with one choice."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1, max_length=1)]
    usage: Raw = NULL
    system_fingerprint: _Text = UNSET
    service_tier: _Text = UNSET
    citations: _Absent = UNSET
    search_results: _Absent = UNSET
    type: _Absent = UNSET
    error: _Absent = UNSET
    x_groq: _Absent = UNSET
    base_resp: _Absent = UNSET


_COMPLETION: Final = msgspec.json.Decoder(_Completion)


def read_plain(body: bytes) -> PlainAnswer | None:
    """The answer, if it is plain: then a client of the same dialect gets it as it is. None for any other."""
    try:
        view = _COMPLETION.decode(body)
        usage = read_plain_usage(view.usage, view.service_tier or None)
    except UNREADABLE:
        return None
    if not (body.isascii() or is_utf8(body)):
        return None
    (choice,) = view.choices
    reason = choice.finish_reason
    return PlainAnswer(view.id, view.model, view.created or None, choice.message.content, Finish(reason, reason), usage)


def has_more_than_role(delta: DeltaView) -> bool:
    """Whether a delta has content besides its role."""
    if delta.content:  # nearly always
        return True
    texts = delta.refusal or delta.reasoning_content or delta.reasoning
    lists = delta.tool_calls or delta.annotations or delta.images or delta.reasoning_details
    return bool(texts or lists)


def text_alone(chunk: PlainChunk) -> str:
    """The text of a chunk that continues a choice's text and says nothing else; "" for any other."""
    (choice,) = chunk.choices
    delta = choice.delta
    texts = delta.refusal or delta.reasoning_content or delta.reasoning or choice.finish_reason or choice.logprobs
    lists = delta.tool_calls or delta.annotations or delta.images or delta.reasoning_details or delta.thinking_blocks
    raw = (delta.extra_content, chunk.citations, chunk.search_results)
    return "" if texts or lists or raw != _NO_EXTRAS else delta.content or ""


def with_reasoning_content(data: bytes, delta: DeltaView) -> bytes:
    """The chunk with `reasoning` (OpenRouter, Groq, Ollama) also as `reasoning_content`; b"" if it must be parsed."""
    opening = b'"delta":{'  # no string can hold these bytes: its quotes would be escaped
    if not delta.reasoning or delta.reasoning_content is not UNSET or data.count(opening) != 1:
        return b""
    return data.replace(opening, opening + b'"reasoning_content":' + encode(delta.reasoning) + b",")


def without_null_usage(data: bytes) -> bytes:
    """A chunk without the `"usage": null` that it has because SeaLink asked for the usage and the client did not."""
    if data.count(b'"usage"') == 1 and (at := data.find(b',"usage":null')) > 0:
        return data[:at] + data[at + 13 :]
    return encode(without(parse_object(data), "usage"))
