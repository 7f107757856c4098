"""Views of Anthropic's wire objects: the fields that are read of them. All other fields are skipped.

msgspec picks an event's view by its `type`. An event without a view fails to decode; what it is, is then read
with `UnknownEvent`.
"""

from typing import Final, get_args

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import NULL


class View(msgspec.Struct, gc=False):
    """The fields that are read of a wire object; all others are skipped."""


class TextDelta(View, tag_field="type", tag="text_delta"):
    text: str


class ThinkingDelta(View, tag_field="type", tag="thinking_delta"):
    thinking: str


class InputJsonDelta(View, tag_field="type", tag="input_json_delta"):
    partial_json: str


class SignatureDelta(View, tag_field="type", tag="signature_delta"):
    signature: str


class CitationsDelta(View, tag_field="type", tag="citations_delta"):
    citation: Raw


Delta = TextDelta | ThinkingDelta | InputJsonDelta | SignatureDelta | CitationsDelta


class ContentBlockDelta(View, tag_field="type", tag="content_block_delta"):
    """`index` is None where a vendor leaves it out, here and in the next two; Anthropic never does."""

    delta: Delta
    index: int | None = None


class ContentBlockStart(View, tag_field="type", tag="content_block_start"):
    content_block: Raw
    index: int | None = None


class ContentBlockStop(View, tag_field="type", tag="content_block_stop"):
    index: int | None = None


class StopDetails(View):
    category: str | None = None
    explanation: str | None = None


class Stop(View):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class Message(Stop):
    """Of the fields with raw values, one of a wrong type counts as none: nobody needs them."""

    id: Raw = NULL
    model: Raw = NULL
    content: list[Raw] | None = None
    usage: Raw = NULL


class MessageStart(View, tag_field="type", tag="message_start"):
    message: Message


class MessageDelta(View, tag_field="type", tag="message_delta"):
    delta: Stop | None = None
    usage: Raw = NULL


class MessageStop(View, tag_field="type", tag="message_stop"):
    pass


class Ping(View, tag_field="type", tag="ping"):
    pass


WireEvent = ContentBlockDelta | ContentBlockStart | ContentBlockStop | MessageStart | MessageDelta | MessageStop | Ping


class Typed(View):
    type: str | None = None


class UnknownEvent(Typed):
    """The fields of an event without a view that tell what it is: a new event, an error, or malformed."""

    delta: Typed | None = None
    error: Raw = Raw()


class ContentBlock(View):
    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citations: list[Raw] | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = Raw()


class CitedSource(View):
    """A citation of any kind; `source` is a search result's URL."""

    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None
    cited_text: str | None = None


EVENT: Final = msgspec.json.Decoder(WireEvent)
UNKNOWN_EVENT: Final = msgspec.json.Decoder(UnknownEvent)
TYPED: Final = msgspec.json.Decoder(Typed)
BLOCK: Final = msgspec.json.Decoder(ContentBlock)
CITATION: Final = msgspec.json.Decoder(CitedSource)
MESSAGE: Final = msgspec.json.Decoder(Message)

KNOWN_EVENTS: Final = {str(view.__struct_config__.tag) for view in get_args(WireEvent)}
KNOWN_DELTAS: Final = {str(view.__struct_config__.tag) for view in get_args(Delta)}
