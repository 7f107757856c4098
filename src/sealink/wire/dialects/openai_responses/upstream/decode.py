"""A Responses upstream's answers → events: a stream's frames, or a whole response.

    response.created  response.in_progress
      (response.output_item.added  …deltas…  response.output_item.done)*
    response.completed | response.incomplete | response.failed | error

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sealink.events import (
    Event,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.wire.dialects.openai_responses.finish import read_finish
from sealink.wire.dialects.openai_responses.upstream.errors import read_failure
from sealink.wire.dialects.openai_responses.upstream.output import Output
from sealink.wire.dialects.openai_responses.usage import read_usage
from sealink.wire.dialects.openai_responses.views import (
    EVENT,
    KNOWN_EVENTS,
    RESPONSE,
    UNKNOWN_EVENT,
    VARYING,
    AnnotationAdded,
    ArgumentsPiece,
    Completed,
    Created,
    Failed,
    Failure,
    Ignored,
    Incomplete,
    InputPiece,
    ItemDone,
    ItemOpened,
    RefusalPiece,
    Response,
    SummaryPiece,
    TextPiece,
    ThoughtPiece,
    UnknownEvent,
    WireEvent,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import UNREADABLE, count_of, name_of, object_of, text_of
from sealink.wire.stream.handler import Skipped

Events = Iterable[Event]

_DONE: Final = b"[DONE]"


class ResponseDecoder:
    """A Decoder: one answer's frames → events."""

    uniform_deltas = True
    varying = VARYING

    def __init__(self, server_call_ids: str = "") -> None:
        self._server_call_ids = server_call_ids
        self._output: Output | None = None
        self._ended = False

    def decode(self, frame: Frame) -> Events:
        """Raises UpstreamError (`upstream_malformed`) on a frame that cannot be read."""
        if self._ended:
            return ()
        try:
            event = EVENT.decode(frame.data)
            if type(event) is TextPiece:  # nearly every frame
                return self._begun().text(event)
            return list(self._read(event))
        except UNREADABLE as error:
            return self._read_unknown(frame, error)

    def close(self) -> Events:
        """Only `response.completed`, `.incomplete` and `.failed` end an answer; the end of the bytes does not."""
        return ()

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Events:
        if isinstance(delta, TextDelta):
            self._begun().add_text(delta.block, delta.text)
        return ()

    def whole(self, response: Response) -> list[Event]:
        """The events of a not-streamed response: as of a stream that sends each item at once."""
        return [*self._start(response), *self._end(response)]

    def _read(self, event: WireEvent) -> Events:
        match event:
            case Ignored():
                return ()
            case ArgumentsPiece() | InputPiece():
                return self._begun().arguments(event)
            case SummaryPiece() | ThoughtPiece():
                return self._begun().think(event)
            case RefusalPiece():
                return self._begun().refuse(event)
            case AnnotationAdded():
                return self._begun().annotate(event)
            case ItemOpened():
                return self._begun().open_item(event)
            case ItemDone():
                output = self._begun()
                index = output.last_begun if event.output_index is None else event.output_index
                return output.finish_item(index, event.item)
            case Created(response=response):
                return self._start(response)
            case Completed(response=response) | Incomplete(response=response):
                return self._end(response)
            case Failed(response=response):
                return self._fail(response.error)
        return ()

    def _read_unknown(self, frame: Frame, reason: Exception) -> Sequence[Event]:
        """A frame without a view: an error, an event type not known here, a closing `[DONE]`, or malformed."""
        data = frame.data.strip()
        if not data:
            data = frame.raw.strip()
            if not data.startswith(b"{"):
                return ()
        if data == _DONE:  # recording openrouter/llm-openrouter-tool_calls-1-495fa6
            return ()
        try:
            data.decode()
            event = UNKNOWN_EVENT.decode(data)
        except UNREADABLE:
            if frame.event == b"error":
                return self._fail(Failure(message=data.decode(errors="replace")))
            raise malformed(str(reason)) from reason
        if frame.event == b"error" or event.type == "error" or event.error is not None:
            return self._fail(_failure_of(event))
        if event.type is None or event.type in KNOWN_EVENTS:
            raise malformed(str(reason)) from reason
        return (Unmodelled(data),)

    def _start(self, response: Response) -> Iterator[Event]:
        if self._output is None:
            self._output = Output(self._server_call_ids)
            id, model = name_of(response.id) or "", name_of(response.model) or ""
            yield StreamStart(id, model, count_of(response.created_at))

    def _begun(self) -> Output:
        if self._output is None:
            raise malformed("an event came before `response.created`.")
        return self._output

    def _end(self, response: Response) -> Iterator[Event]:
        output = self._begun()
        if response.status in ("failed", "cancelled"):
            yield from self._fail(response.error or Failure(f"The response is {response.status}."))
            return
        yield from output.end(response.output or ())
        if usage := object_of(response.usage):
            yield UsageSnapshot(read_usage(usage, text_of(response.service_tier), response.output or ()))
        self._ended = True
        yield read_finish(response, has_calls=output.has_calls)
        yield StreamEnd()

    def _fail(self, failure: Failure | str | None) -> Sequence[Event]:
        self._ended = True
        return (StreamError(read_failure(failure)),)


def decode_whole(body: bytes, server_call_ids: str = "") -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one."""
    response = read_response(body)
    try:
        return ResponseDecoder(server_call_ids).whole(response)
    except UNREADABLE as error:
        raise malformed(str(error)) from error


def read_response(body: bytes) -> Response:
    """A not-streamed response. Raises UpstreamRejected if it failed, or is an error under a 200."""
    try:
        response = RESPONSE.decode(body)
        body.decode()
    except UNREADABLE as error:
        raise malformed(str(error)) from error
    if response.error is not None or response.status in ("failed", "cancelled"):
        raise read_failure(response.error)
    if response.output is None:
        raise malformed("the response has no `output`.")
    return response


def _failure_of(event: UnknownEvent) -> Failure | str:
    """An `error` event, flat as documented or with the error in an object of its own."""
    return event.error if event.error is not None else event
