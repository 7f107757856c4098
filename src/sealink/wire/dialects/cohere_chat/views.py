"""The fields that are read of Cohere's wire objects; all others are skipped unread.

msgspec picks an event's view by its `type`. A type that is not here fails to decode, and is then read as an
`UnknownEvent`.
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import NULL, Fields


class View(msgspec.Struct, gc=False):
    """The fields that are read of a wire object."""


class Content(View):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class Function(View):
    name: str = ""
    arguments: str | None = None


class Call(View):
    id: str | None = None
    function: Function | None = None


class Logprob(View):
    """Log probabilities of a piece of text, which may have several tokens."""

    text: str | None = None
    logprobs: list[float] | None = None


class Growth(View):
    """What a delta adds: one of these."""

    content: Content | None = None
    tool_plan: str | None = None
    tool_calls: Call | None = None
    citations: Raw = NULL


class Delta(View):
    message: Growth


class Started(View, tag_field="type", tag="message-start"):
    id: Raw = NULL


class ContentStarted(View, tag_field="type", tag="content-start"):
    index: int
    delta: Delta


class ContentGrew(View, tag_field="type", tag="content-delta"):
    index: int
    delta: Delta
    logprobs: Logprob | None = None


class ContentEnded(View, tag_field="type", tag="content-end"):
    index: int


class PlanGrew(View, tag_field="type", tag="tool-plan-delta"):
    delta: Delta


class CallStarted(View, tag_field="type", tag="tool-call-start"):
    index: int
    delta: Delta


class CallGrew(View, tag_field="type", tag="tool-call-delta"):
    index: int
    delta: Delta


class CallEnded(View, tag_field="type", tag="tool-call-end"):
    index: int


class Cited(View, tag_field="type", tag="citation-start"):
    delta: Delta


class CitedEnd(View, tag_field="type", tag="citation-end"):
    pass


class End(View):
    """`error_type` names the kind of failure (`INVALID_TOOL_GENERATION`)."""

    finish_reason: str | None = None
    usage: Raw = NULL
    error: str | None = None
    error_type: str | None = None


class Ended(View, tag_field="type", tag="message-end"):
    delta: End


WireEvent = (
    Started
    | ContentStarted
    | ContentGrew
    | ContentEnded
    | PlanGrew
    | CallStarted
    | CallGrew
    | CallEnded
    | Cited
    | CitedEnd
    | Ended
)
KNOWN_EVENTS: Final = {str(view.__struct_config__.tag) for view in WireEvent.__args__}


class UnknownEvent(View):
    """An event that has no view here: an error, a type not known here, or malformed."""

    type: str | None = None
    message: Raw = NULL


class Message(View):
    content: list[Content] | None = None
    tool_plan: str | None = None
    tool_calls: list[Call] | None = None
    citations: list[Raw] | None = None


class Whole(End):
    """A not-streamed answer."""

    id: Raw = NULL
    message: Message | None = None
    logprobs: list[Logprob] | None = None


class Source(View):
    """A document, or a tool's result: an object that the client has made up."""

    id: str | None = None
    document: Fields | None = None
    tool_output: Fields | None = None


class Citation(View):
    """`start` and `end` count characters of the content block `content_index`, or of the plan."""

    start: int | None = None
    end: int | None = None
    type: str | None = None
    sources: list[Source] | None = None


EVENT: Final = msgspec.json.Decoder(WireEvent)
UNKNOWN_EVENT: Final = msgspec.json.Decoder(UnknownEvent)
WHOLE: Final = msgspec.json.Decoder(Whole)
CITATION: Final = msgspec.json.Decoder(Citation)
