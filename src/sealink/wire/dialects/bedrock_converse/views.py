"""Views of Bedrock's wire objects: the fields that are read of them. All other fields (`p` is padding) are skipped.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import NULL


class View(msgspec.Struct, gc=False, rename="camel"):
    """The fields that are read of a wire object."""


class ToolUse(View):
    """Of a block's start, or of a whole block. `input` is an object in a whole block, and JSON text in a delta."""

    tool_use_id: str | None = None
    name: str = ""
    type: str = ""
    input: Raw = NULL


class ReasoningText(View):
    text: str = ""
    signature: str | None = None


class Reasoning(View):
    """A delta, or (with `reasoningText`) a whole block."""

    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None
    reasoning_text: ReasoningText | None = None


class ImageSource(View):
    bytes: str | None = None


class Image(View):
    format: str | None = None
    source: ImageSource | None = None


class CitedText(View):
    text: str = ""


class CitationsContent(View):
    content: list[CitedText] = []
    citations: list[Raw] = []


class Content(View):
    """A block's start, a delta of one, or a whole block: exactly one of these fields is present."""

    text: str | None = None
    tool_use: ToolUse | None = None
    reasoning_content: Reasoning | None = None
    tool_result: Raw = NULL
    citation: Raw = NULL
    citations_content: CitationsContent | None = None
    image: Image | None = None


class Web(View):
    url: str = ""
    domain: str = ""


class Location(View):
    web: Web | None = None


class CitedSource(View):
    title: str | None = None
    source: str | None = None
    source_content: list[CitedText] = []
    location: Location | None = None


class ContentBlockStart(View):
    content_block_index: int
    start: Content


class ContentBlockDelta(View):
    content_block_index: int
    delta: Content


class ContentBlockStop(View):
    content_block_index: int


class ModelResponseFields(msgspec.Struct):
    """The model's own fields that the request asked for (`additionalModelResponseFieldPaths`)."""

    stop_sequence: str | None = None


class Stop(View):
    stop_reason: str
    additional_model_response_fields: Raw = NULL


class Metadata(View):
    usage: Raw = NULL
    service_tier: Raw = Raw()


class OutputMessage(View):
    content: list[Raw]


class Output(View):
    message: OutputMessage


class Answer(Stop, kw_only=True):
    """An answer that was not streamed."""

    output: Output
    usage: Raw = NULL
    service_tier: Raw = Raw()


class CacheDetail(View):
    """The tokens that are written to the cache for as long as `ttl` says: "5m" or "1h"."""

    ttl: str | None = None
    input_tokens: int | None = None


class ServiceTier(View):
    type: str | None = None


CONTENT_BLOCK_START: Final = msgspec.json.Decoder(ContentBlockStart)
CONTENT_BLOCK_DELTA: Final = msgspec.json.Decoder(ContentBlockDelta)
CONTENT_BLOCK_STOP: Final = msgspec.json.Decoder(ContentBlockStop)
STOP: Final = msgspec.json.Decoder(Stop)
METADATA: Final = msgspec.json.Decoder(Metadata)
ANSWER: Final = msgspec.json.Decoder(Answer)
CONTENT: Final = msgspec.json.Decoder(Content)
CITED_SOURCE: Final = msgspec.json.Decoder(CitedSource)
STRING: Final = msgspec.json.Decoder(str)
CACHE_DETAILS: Final = msgspec.json.Decoder(list[CacheDetail])
SERVICE_TIER: Final = msgspec.json.Decoder(ServiceTier)
