"""Answers of an OpenAI-compatible upstream for an OpenAI client: as they came, or normalised where needed."""

from sealink.errors import SealinkError
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_chat.client.errors import error_frame
from sealink.wire.dialects.openai_chat.upstream.frames import VARYING, Chunk, one_line
from sealink.wire.dialects.openai_chat.upstream.normalize_message import has_content, text_in
from sealink.wire.dialects.openai_chat.upstream.normalize_stream import StreamNormalizer
from sealink.wire.dialects.openai_chat.upstream.normalize_whole import normalize_whole
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import encode, object_of, text_of
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.outcome import Outcome


class ChatPassthrough:
    """A CuttableHandler between two ends that speak OpenAI's Chat Completions."""

    varying = VARYING
    room = None

    def __init__(self, identity: FallbackIdentity, *, usage_asked: bool, choices_asked: int) -> None:
        self.outcome = Outcome()
        self._stream = StreamNormalizer(
            self.outcome.add_text,
            usage_asked=usage_asked,
            choices_asked=choices_asked,
            identity=identity,
        )
        self.outcome.finish_reasons = self._stream.finish_reasons
        self.delta_text = ""

    def handle(self, frame: Frame) -> bytes:
        return self._deliver(self._stream.normalize(frame))

    def catch_up(self, skipped: Skipped) -> None:
        """Text does not change the state."""

    def finish(self) -> bytes:
        return self._deliver(self._stream.finish())

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `[DONE]` after it."""
        return b"".join(map(_bytes_of, self._stream.release())) + error_frame(error)

    def cut(self, usage: Usage) -> bytes:
        out = self._deliver(self._stream.cut(usage))
        self.outcome.provenance = "partial"
        return out

    def _deliver(self, chunks: list[Chunk]) -> bytes:
        """The chunks' bytes, after the outcome has been updated."""
        stream = self._stream
        self.delta_text = stream.delta_text
        if not self.delta_text:
            self._note(stream)
        if len(chunks) == 1 and isinstance(chunk := chunks[0], Frame):
            return chunk.raw  # nearly always
        return b"".join(map(_bytes_of, chunks))

    def _note(self, stream: StreamNormalizer) -> None:
        """What a frame may have said that is more than text."""
        outcome = self.outcome
        if (usage := stream.usage_collector.usage) is not None:
            outcome.usage, outcome.provenance = usage, "provider"
        outcome.complete, outcome.error = stream.is_complete, stream.error


def _bytes_of(chunk: Chunk) -> bytes:
    return chunk.raw if isinstance(chunk, Frame) else data_frame(one_line(encode(chunk)))


def passthrough_whole(body: bytes, identity: FallbackIdentity) -> tuple[bytes, Outcome]:
    """A not-streamed answer: the same bytes where nothing has to be changed. Raises UpstreamError."""
    answer = normalize_whole(body, identity)
    outcome = Outcome(
        content_started=any(map(has_content, answer.messages)), complete=True, finish_reasons=answer.finish_reasons
    )
    for message in answer.messages:
        if text := text_in(message):
            outcome.add_text(text)
    if usage := object_of(answer.fields.get("usage")):
        outcome.usage, outcome.provenance = read_usage(usage, text_of(answer.fields.get("service_tier"))), "provider"
    return (encode(answer.fields) if answer.is_changed else answer.body), outcome
