"""Bedrock's answers → events, from a stream's messages or from a whole answer.

    messageStart  (contentBlockStart? contentBlockDelta* contentBlockStop)*  messageStop  metadata

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html. An answer has no id and
does not name the model. `metrics`, `trace` and `performanceConfig` are dropped: no client's format has such fields.
"""

from collections.abc import Iterator, Sequence

from sealink.errors import UpstreamRejected
from sealink.events import Event, StreamEnd, StreamError, StreamStart, UsageSnapshot
from sealink.wire.dialects.bedrock_converse.finish import FAILURES, read_finish
from sealink.wire.dialects.bedrock_converse.upstream.blocks import Blocks
from sealink.wire.dialects.bedrock_converse.upstream.errors import read_exception, unusable_output
from sealink.wire.dialects.bedrock_converse.usage import read_usage
from sealink.wire.dialects.bedrock_converse.views import (
    ANSWER,
    CONTENT,
    CONTENT_BLOCK_DELTA,
    CONTENT_BLOCK_START,
    CONTENT_BLOCK_STOP,
    METADATA,
    STOP,
    Metadata,
    Stop,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.aws_event_stream import Message
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import UNREADABLE, encode, object_of
from sealink.wire.stream.handler import EachFrameDecoded


class ConverseDecoder(EachFrameDecoded):
    """A Decoder of an AWS event stream's messages. Those of two equal deltas differ in their checksums."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._started = False
        self._stopped = False
        self._ended = False

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a malformed message."""
        if self._ended:
            return ()
        if not isinstance(frame, Message):
            raise malformed("it is not an AWS event stream.")
        try:
            return list(self._read(frame))
        except UNREADABLE as error:
            raise malformed(error) from error

    def close(self) -> Sequence[Event]:
        """An answer that has stopped is complete, even if its usage did not come."""
        if not self._stopped or self._ended:
            return ()
        self._ended = True
        return (StreamEnd(),)

    def _read(self, message: Message) -> Iterator[Event]:
        if message.headers.get(":message-type") != "event":
            yield self._fail(_exception(message))
            return
        if not self._started:  # messageStart has nothing but the role: boto3 does not need it either
            self._started = True
            yield StreamStart("", "")
        if message.event == b"contentBlockDelta":  # nearly every message
            block = CONTENT_BLOCK_DELTA.decode(message.data)
            yield from self._blocks.extend(block.content_block_index, block.delta, message.data)
        elif message.event == b"contentBlockStart":
            opened = CONTENT_BLOCK_START.decode(message.data)
            yield from self._blocks.start(opened.content_block_index, opened.start, message.data)
        elif message.event == b"contentBlockStop":
            yield from self._blocks.stop(CONTENT_BLOCK_STOP.decode(message.data).content_block_index)
        elif message.event == b"messageStop":
            yield from self._stop(STOP.decode(message.data))
        elif message.event == b"metadata":
            yield from self._end(METADATA.decode(message.data))

    def _stop(self, stop: Stop) -> Iterator[Event]:
        if self._stopped:
            return
        yield from self._blocks.stop_all()
        if stop.stop_reason in FAILURES:
            yield self._fail(unusable_output(stop.stop_reason))
            return
        self._stopped = True
        yield read_finish(stop)

    def _end(self, metadata: Metadata) -> Iterator[Event]:
        """The usage comes last, after messageStop."""
        if usage := object_of(metadata.usage):
            yield UsageSnapshot(read_usage(usage, metadata.service_tier))
        if self._stopped:
            self._ended = True
            yield StreamEnd()

    def _fail(self, error: UpstreamRejected) -> StreamError:
        self._ended = True
        return StreamError(error)


def decode_whole(body: bytes) -> list[Event]:
    """The events of an answer that was not streamed. Raises UpstreamError if it is malformed, or failed."""
    try:
        answer, blocks = ANSWER.decode(body), Blocks()
        if answer.stop_reason in FAILURES:
            raise unusable_output(answer.stop_reason)
        events: list[Event] = [StreamStart("", "")]
        for index, raw in enumerate(answer.output.message.content):
            events += blocks.whole(index, CONTENT.decode(raw), bytes(raw))
        if usage := object_of(answer.usage):
            events.append(UsageSnapshot(read_usage(usage, answer.service_tier)))
        return [*events, read_finish(answer), StreamEnd()]
    except UNREADABLE as error:
        raise malformed(error) from error


def _exception(message: Message) -> UpstreamRejected:
    """An `exception` has its message in the payload, an `error` has it in a header."""
    text = message.headers.get(":error-message")
    body = message.data if text is None else encode({"message": text})
    return read_exception(message.event.decode(), body)
