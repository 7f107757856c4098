"""What is read of Anthropic's wire objects; all else in them is skipped unread.

msgspec picks an event's view by its `type`. A type that is not here fails to decode, and is then looked
at through `Odd`.
"""

from typing import Final

import msgspec
from msgspec import Raw


class View(msgspec.Struct, gc=False):
    """What is read of a wire object; all else in it is skipped unread."""


class TextPiece(View, tag_field="type", tag="text_delta"):
    text: str


class ThinkingPiece(View, tag_field="type", tag="thinking_delta"):
    thinking: str


class JsonPiece(View, tag_field="type", tag="input_json_delta"):
    partial_json: str


class SignaturePiece(View, tag_field="type", tag="signature_delta"):
    signature: str


class CitationPiece(View, tag_field="type", tag="citations_delta"):
    citation: Raw


Piece = TextPiece | ThinkingPiece | JsonPiece | SignaturePiece | CitationPiece


class BlockExtended(View, tag_field="type", tag="content_block_delta"):
    index: int
    delta: Piece


class BlockOpened(View, tag_field="type", tag="content_block_start"):
    index: int
    content_block: Raw


class BlockClosed(View, tag_field="type", tag="content_block_stop"):
    index: int


class StopDetails(View):
    category: str | None = None
    explanation: str | None = None


class Stop(View):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class Message(Stop):
    id: str | None = None
    model: str | None = None
    content: list[Raw] | None = None
    usage: dict[str, Raw] | None = None


class MessageStart(View, tag_field="type", tag="message_start"):
    message: Message


class MessageDelta(View, tag_field="type", tag="message_delta"):
    delta: Stop
    usage: dict[str, Raw] | None = None


class MessageStop(View, tag_field="type", tag="message_stop"):
    pass


class Ping(View, tag_field="type", tag="ping"):
    pass


_WIRE_EVENTS: Final = (BlockExtended, BlockOpened, BlockClosed, MessageStart, MessageDelta, MessageStop, Ping)
WireEvent = BlockExtended | BlockOpened | BlockClosed | MessageStart | MessageDelta | MessageStop | Ping


class Typed(View):
    type: str | None = None


class Odd(Typed):
    """As much of an event that has no view here as tells what it is: a new one, an error, or nonsense."""

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
    """A citation of any kind; `source` is a search result's address."""

    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None
    cited_text: str | None = None


class OutputDetails(View):
    thinking_tokens: int | None = None


class Counts(View):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


EVENT: Final = msgspec.json.Decoder(WireEvent)
ODD: Final = msgspec.json.Decoder(Odd)
TYPED: Final = msgspec.json.Decoder(Typed)
BLOCK: Final = msgspec.json.Decoder(ContentBlock)
CITATION: Final = msgspec.json.Decoder(CitedSource)
MESSAGE: Final = msgspec.json.Decoder(Message)

KNOWN_EVENTS: Final = {str(view.__struct_config__.tag) for view in _WIRE_EVENTS}
KNOWN_PIECES: Final = {
    str(view.__struct_config__.tag) for view in (TextPiece, ThinkingPiece, JsonPiece, SignaturePiece, CitationPiece)
}
