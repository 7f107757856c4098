"""The fields that are read of a Responses stream's objects; all others are skipped unread.

https://platform.openai.com/docs/api-reference/responses-streaming. msgspec picks an event's view by its `type`;
a type that is not here fails to decode, and is then read as an `UnknownEvent`.
"""

from typing import Final, Union

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import NULL
from sealink.wire.stream.template import Varying

IGNORED: Final = (
    "keepalive",
    "response.audio.delta",
    "response.audio.done",
    "response.audio.transcript.delta",
    "response.audio.transcript.done",
    "response.code_interpreter_call.completed",
    "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting",
    "response.code_interpreter_call_code.delta",
    "response.code_interpreter_call_code.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.custom_tool_call_input.done",
    "response.file_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.function_call_arguments.done",
    "response.image_generation_call.completed",
    "response.image_generation_call.generating",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.partial_image",
    "response.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed",
    "response.mcp_list_tools.in_progress",
    "response.output_text.done",
    "response.queued",
    "response.reasoning_part.added",
    "response.reasoning_part.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.done",
    "response.refusal.done",
    "response.shell_call_command.added",
    "response.shell_call_command.delta",
    "response.shell_call_command.done",
    "response.shell_call_output_content.delta",
    "response.shell_call_output_content.done",
    "response.web_search_call.completed",
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
)
"""Types of events that bring nothing new: they repeat what deltas brought, or a finished item repeats them; or they are
steps of a tool that the upstream runs itself, which only clients of this dialect know."""


class View(msgspec.Struct, gc=False):
    """The fields that are read of a wire object."""


class TextPiece(View, tag_field="type", tag="response.output_text.delta"):
    """More text of a message's part, with its log probabilities where the request asked for them."""

    output_index: int
    delta: str
    content_index: int = 0
    logprobs: list[Raw] | None = None


class RefusalPiece(View, tag_field="type", tag="response.refusal.delta"):
    output_index: int
    delta: str
    content_index: int = 0


class SummaryPiece(View, tag_field="type", tag="response.reasoning_summary_text.delta"):
    output_index: int
    delta: str


class ThoughtPiece(View, tag_field="type", tag="response.reasoning_text.delta"):
    output_index: int
    delta: str


class ArgumentsPiece(View, tag_field="type", tag="response.function_call_arguments.delta"):
    output_index: int
    delta: str


class InputPiece(View, tag_field="type", tag="response.custom_tool_call_input.delta"):
    output_index: int
    delta: str


class AnnotationAdded(View, tag_field="type", tag="response.output_text.annotation.added"):
    output_index: int
    annotation: Raw
    content_index: int = 0


class ItemOpened(View, tag_field="type", tag="response.output_item.added"):
    """`item` is null from a vendor that only announces it."""

    output_index: int
    item: Raw = Raw(b"null")


class ItemDone(View, tag_field="type", tag="response.output_item.done"):
    """`output_index` is None where a vendor leaves it out; OpenAI never does."""

    item: Raw
    output_index: int | None = None


class Reason(View):
    reason: str | None = None


class Failure(View):
    """An error, in an event of its own or in a response that failed."""

    message: str | None = None
    code: str | int | None = None
    type: str | None = None
    param: str | None = None


class Response(View):
    """A whole response, or as much of it as there is while it is in progress."""

    id: Raw = NULL
    model: Raw = NULL
    created_at: Raw = NULL
    status: str | None = None
    output: list[Raw] | None = None
    usage: Raw = NULL
    service_tier: Raw = NULL
    incomplete_details: Reason | None = None
    error: Failure | str | None = None


class Created(View, tag_field="type", tag="response.created"):
    response: Response


class Completed(View, tag_field="type", tag="response.completed"):
    response: Response


class Incomplete(View, tag_field="type", tag="response.incomplete"):
    response: Response


class Failed(View, tag_field="type", tag="response.failed"):
    response: Response


class Ignored(View):
    """An event of one of the types in IGNORED."""


_IGNORED_VIEWS: tuple[type[msgspec.Struct], ...] = tuple(
    msgspec.defstruct(f"Ignored{number}", [], bases=(Ignored,), tag_field="type", tag=tag, gc=False)
    for number, tag in enumerate(IGNORED)
)
_DECODED_VIEWS: tuple[type[msgspec.Struct], ...] = (
    *(TextPiece, RefusalPiece, SummaryPiece, ThoughtPiece, ArgumentsPiece, InputPiece, AnnotationAdded),
    *(ItemOpened, ItemDone, Created, Completed, Incomplete, Failed),
)
WireEvent = (
    TextPiece
    | RefusalPiece
    | SummaryPiece
    | ThoughtPiece
    | ArgumentsPiece
    | InputPiece
    | AnnotationAdded
    | ItemOpened
    | ItemDone
    | Created
    | Completed
    | Incomplete
    | Failed
    | Ignored
)


class UnknownEvent(Failure):
    """An event that has no view here: an error, a type not known here, or malformed."""

    error: Failure | str | None = None


class Part(View):
    """A part of a message, or of a reasoning item."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None
    logprobs: list[Raw] | None = None


class Item(View):
    """An item of a response's output, of any type. `result` is a generated image, base64."""

    type: str
    id: Raw = NULL
    call_id: str | None = None
    name: str | None = None
    arguments: Raw = Raw(b"null")
    input: str | None = None
    content: list[Part] | None = None
    summary: list[Part] | None = None
    encrypted_content: str | None = None
    result: str | None = None
    output_format: str | None = None


class Annotation(View):
    """A citation of any type. Its indices count characters within the part."""

    type: str = ""
    url: str | None = None
    title: str | None = None
    filename: str | None = None
    start_index: int | None = None
    end_index: int | None = None


EVENT: Final[msgspec.json.Decoder[WireEvent]] = msgspec.json.Decoder(Union[(*_DECODED_VIEWS, *_IGNORED_VIEWS)])
UNKNOWN_EVENT: Final = msgspec.json.Decoder(UnknownEvent)
ITEM: Final = msgspec.json.Decoder(Item)
ANNOTATION: Final = msgspec.json.Decoder(Annotation)
RESPONSE: Final = msgspec.json.Decoder(Response)

NUMBER_FIELD: Final = b'"sequence_number":'
VARYING: Final = Varying(padding=b'"obfuscation":"', number=NUMBER_FIELD)
"""The obfuscation is random padding."""

KNOWN_EVENTS: Final = {str(view.__struct_config__.tag) for view in (*_DECODED_VIEWS, *_IGNORED_VIEWS)}
