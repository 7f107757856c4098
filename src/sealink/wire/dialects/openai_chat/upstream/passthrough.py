"""Answers of an OpenAI-compatible upstream for an OpenAI client: as they came, or normalised where needed."""

from sealink.errors import SealinkError
from sealink.wire.dialects.openai_chat.client.errors import error_frame
from sealink.wire.dialects.openai_chat.upstream.frames import Chunk, json_frame
from sealink.wire.dialects.openai_chat.upstream.normalize_message import text_in
from sealink.wire.dialects.openai_chat.upstream.normalize_stream import StreamNormalizer
from sealink.wire.dialects.openai_chat.upstream.normalize_whole import normalize_whole
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import encode, object_of
from sealink.wire.stream.outcome import Outcome


class ChatPassthrough:
    """A StreamHandler between two ends that speak OpenAI's Chat Completions."""

    padding_field = b'"obfuscation":"'

    def __init__(self, *, usage_asked: bool, choices_asked: int) -> None:
        self._stream = StreamNormalizer(usage_asked=usage_asked, choices_asked=choices_asked)
        self.outcome = Outcome(finish_reasons=self._stream.finish_reasons)
        self.delta_text = ""

    def handle(self, frame: Frame) -> bytes:
        chunks = self._stream.normalize(frame)
        self._update_outcome()
        return _bytes_of(chunks)

    def add_skipped_text(self, text: str) -> None:
        """Text does not change the state."""

    def finish(self) -> bytes:
        chunks = self._stream.finish()
        self._update_outcome()
        return _bytes_of(chunks)

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `[DONE]` after it."""
        return _bytes_of(self._stream.release()) + error_frame(error)

    def _update_outcome(self) -> None:
        stream, outcome = self._stream, self.outcome
        self.delta_text = stream.delta_text
        for choice, text in stream.texts:
            outcome.add_text(text, choice)
        if stream.usage is not None:
            outcome.usage, outcome.provenance = stream.usage, "provider"
        outcome.complete, outcome.error = stream.is_complete, stream.error


def _bytes_of(chunks: list[Chunk]) -> bytes:
    out = b""
    for chunk in chunks:
        out += chunk.raw if isinstance(chunk, Frame) else json_frame(encode(chunk)).raw
    return out


def passthrough_whole(body: bytes) -> tuple[bytes, Outcome]:
    """A not-streamed answer: the same bytes where nothing has to be changed. Raises UpstreamError."""
    answer = normalize_whole(body)
    outcome = Outcome(content_started=True, complete=True, finish_reasons=answer.finish_reasons)
    for message in answer.messages:
        outcome.add_text(text_in(message))
    if usage := object_of(answer.fields.get("usage")):
        outcome.usage, outcome.provenance = read_usage(usage), "provider"
    return (encode(answer.fields) if answer.is_changed else answer.body), outcome
