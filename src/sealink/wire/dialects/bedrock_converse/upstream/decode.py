"""Bedrock's answers → events: a stream's messages, or a whole answer.

    messageStart  (contentBlockStart? contentBlockDelta* contentBlockStop)*  messageStop  metadata

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html. Neither has an id
or names the model. `metrics`, `trace` and `performanceConfig` are dropped: no client's format has a place for them.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import UpstreamRejected
from sealink.events import Event, Finish, FinishReason, StreamEnd, StreamError, StreamStart, UsageSnapshot
from sealink.usage import Usage
from sealink.wire.dialects.bedrock_converse.upstream.blocks import Blocks, Content, View
from sealink.wire.dialects.bedrock_converse.upstream.errors import NAME, read_exception
from sealink.wire.dialects.shared.upstream_errors import malformed, rejected
from sealink.wire.framing.aws_event_stream import Message
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import NULL, UNREADABLE, Fields, encode, utf8

_REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""A reason to come counts as `stop`."""

_FAILURES: Final = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Not ends but failures: the answer is not whole, and must not look as if it were."""


class _Beginning(View):
    content_block_index: int
    start: Content


class _More(View):
    content_block_index: int
    delta: Content


class _BlockStop(View):
    content_block_index: int


class _ModelFields(msgspec.Struct):
    """What the model's own fields were asked for (`additionalModelResponseFieldPaths`)."""

    stop_sequence: str | None = None


class _Stop(View):
    stop_reason: str
    additional_model_response_fields: Raw = NULL


class _Metadata(View):
    usage: Fields | None = None


class _WholeMessage(View):
    content: list[Raw]


class _Output(View):
    message: _WholeMessage


class _Whole(_Stop, kw_only=True):
    output: _Output
    usage: Fields | None = None


class _Counts(View):
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


_COUNTED: Final = frozenset(_Counts.__struct_encode_fields__)

_MORE = msgspec.json.Decoder(_More)
_BEGINNING = msgspec.json.Decoder(_Beginning)
_BLOCK_STOP = msgspec.json.Decoder(_BlockStop)
_STOP = msgspec.json.Decoder(_Stop)
_METADATA = msgspec.json.Decoder(_Metadata)
_WHOLE = msgspec.json.Decoder(_Whole)
_CONTENT = msgspec.json.Decoder(Content)


class ConverseDecoder:
    """A Decoder of an AWS event stream's messages."""

    stateless_deltas = False  # and each frame has another checksum

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._started = False
        self._stopped = False
        self._ended = False

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a message that makes no sense."""
        if self._ended:
            return ()
        assert isinstance(frame, Message)
        try:
            return list(self._read(frame))
        except UNREADABLE as error:
            raise malformed(error) from error

    def close(self) -> Sequence[Event]:
        """An answer that has stopped is whole, though its usage has not come."""
        if not self._stopped or self._ended:
            return ()
        self._ended = True
        return (StreamEnd(),)

    def _read(self, message: Message) -> Iterator[Event]:
        if message.headers.get(":message-type") != "event":
            yield self._fail(_exception(message))
            return
        if not self._started:  # messageStart says nothing but the role: boto3 does without it, too
            self._started = True
            yield StreamStart("", "")
        if message.event == b"contentBlockDelta":  # nearly every message
            more = _MORE.decode(message.data)
            yield from self._blocks.extend(more.content_block_index, more.delta, message.data)
        elif message.event == b"contentBlockStart":
            begin = _BEGINNING.decode(message.data)
            yield from self._blocks.start(begin.content_block_index, begin.start, message.data)
        elif message.event == b"contentBlockStop":
            yield from self._blocks.stop(_BLOCK_STOP.decode(message.data).content_block_index)
        elif message.event == b"messageStop":
            yield from self._stop(_STOP.decode(message.data))
        elif message.event == b"metadata":
            yield from self._end(_METADATA.decode(message.data))

    def _stop(self, stop: _Stop) -> Iterator[Event]:
        if self._stopped:
            return
        yield from self._blocks.stop_all()
        if stop.stop_reason in _FAILURES:
            yield self._fail(_failure(stop.stop_reason))
            return
        self._stopped = True
        yield _finish(stop)

    def _end(self, metadata: _Metadata) -> Iterator[Event]:
        """The usage comes after the end, as the last of all."""
        if metadata.usage:
            yield UsageSnapshot(read_usage(metadata.usage))
        if self._stopped:
            self._ended = True
            yield StreamEnd()

    def _fail(self, error: UpstreamRejected) -> StreamError:
        self._ended = True
        return StreamError(error)


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one, UpstreamRejected if it failed."""
    try:
        answer, blocks = _WHOLE.decode(body), Blocks()
        if answer.stop_reason in _FAILURES:
            raise _failure(answer.stop_reason)
        events: list[Event] = [StreamStart("", "")]
        for index, raw in enumerate(answer.output.message.content):
            events += blocks.whole(index, _CONTENT.decode(raw), bytes(raw))
        if answer.usage:
            events.append(UsageSnapshot(read_usage(answer.usage)))
        return [*events, _finish(answer), StreamEnd()]
    except UNREADABLE as error:
        raise malformed(error) from error


def read_usage(fields: Fields) -> Usage:
    """Bedrock counts cached input apart; SeaLink's input is all of it. It does not tell how much was thought.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html. Raises msgspec.ValidationError.
    """
    counts = msgspec.json.decode(utf8(encode(fields)), type=_Counts)
    cached, written = counts.cache_read_input_tokens or 0, counts.cache_write_input_tokens or 0
    return Usage(
        input_tokens=(counts.input_tokens or 0) + cached + written,
        output_tokens=counts.output_tokens or 0,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        extras={
            name: raw for name, raw in fields.items() if name not in _Counts.__struct_encode_fields__ and raw != NULL
        },
    )


def _finish(stop: _Stop) -> Finish:
    """`detail` is the stop sequence that was found, where Claude's own field was asked for."""
    said = stop.additional_model_response_fields
    fields = msgspec.json.decode(said, type=_ModelFields) if bytes(said).startswith(b"{") else _ModelFields()
    reason = _REASONS.get(stop.stop_reason, "stop")
    return Finish(reason, raw_reason=stop.stop_reason, detail=fields.stop_sequence or "")


def _failure(reason: str) -> UpstreamRejected:
    return rejected(NAME, 502, f"The model's output could not be used: {reason}.", b"", code=reason)


def _exception(message: Message) -> UpstreamRejected:
    """An `error` has its words in a header, an `exception` has them in its payload."""
    words = message.headers.get(":error-message")
    body = message.data if words is None else encode({"message": words})
    return read_exception(message.event.decode(), body)
