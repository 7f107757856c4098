"""Views of events as Anthropic itself sends them: what decodes into one of them needs no mending, but for its place."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Raw, UnsetType

from sealink.wire.dialects.anthropic_messages.views import View
from sealink.wire.raw_json.fields import Count

_OptionalText = str | UnsetType | None


class _Counts(View):
    output_tokens: Count
    input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class _StartCounts(_Counts):
    input_tokens: Count


class _Message(View):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: Annotated[list[Raw], msgspec.Meta(max_length=0)]
    usage: _StartCounts
    system_fingerprint: _OptionalText = None
    service_tier: _OptionalText = None


class _Text(View, tag_field="type", tag="text"):
    text: str


class _Thinking(View, tag_field="type", tag="thinking"):
    thinking: str


class _ToolUse(View, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: dict[str, Raw]


class _Anything(View):
    pass


class PlainMessageStart(View, tag_field="type", tag="message_start"):
    message: _Message


class PlainBlockStart(View, tag_field="type", tag="content_block_start"):
    index: int
    content_block: _Text | _Thinking | _ToolUse

    @property
    def call_id(self) -> str:
        """The id of the call that it starts; "" for any other block."""
        return self.content_block.id if isinstance(self.content_block, _ToolUse) else ""


class PlainBlockStop(View, tag_field="type", tag="content_block_stop"):
    index: int


class PlainMessageDelta(View, tag_field="type", tag="message_delta"):
    delta: _Anything
    usage: _Counts


class PlainMessageStop(View, tag_field="type", tag="message_stop"):
    pass


PlainEvent = PlainMessageStart | PlainBlockStart | PlainBlockStop | PlainMessageDelta | PlainMessageStop

PLAIN_EVENT: Final = msgspec.json.Decoder(PlainEvent)
