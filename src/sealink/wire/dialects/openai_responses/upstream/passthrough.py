"""A Responses upstream for a client of the same dialect: the bytes go through, and are read on the way."""

from sealink.errors import SealinkError
from sealink.wire.dialects.openai_responses.client.heartbeat import COMMENT
from sealink.wire.dialects.openai_responses.errors import FAILED, error_frame
from sealink.wire.dialects.openai_responses.upstream.decode import ResponseDecoder, decode_whole
from sealink.wire.dialects.openai_responses.upstream.mend import Mender
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame, event_frame
from sealink.wire.stream.outcome import Outcome, observe


class ResponsesPassthrough:
    """A StreamHandler. What an upstream itself says of a failure is told to the client in its own words."""

    delta_text = ""  # no frame is like another: each has its number
    padding_field = b""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self._decoder = ResponseDecoder()
        self._mender = Mender()
        self._failure: SealinkError | None = None
        self._last_words = b""

    def handle(self, frame: Frame) -> bytes:
        """The frame itself, unless it is one that clients stumble over."""
        if not frame.data:
            self._hear(frame)
            return COMMENT if b":" in frame.raw else b""
        frame = _plain(frame)
        if self._failure is not None:
            return self._end(frame, self._failure)
        has_begun = self.outcome.content_started
        self._hear(frame)
        error = self.outcome.error
        if error is None:
            return self._mender.mended(frame)
        if has_begun and FAILED.encode() not in frame.data:
            self._failure, self.outcome.error = error, None
            return frame.raw
        return self._end(frame, error)

    def add_skipped_text(self, text: str) -> None:
        """No frame is skipped."""

    def finish(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        return b""

    def fail(self, error: SealinkError) -> bytes:
        """The last frame. After an `error` event OpenAI sends `response.failed`, on which agents rely: if the
        upstream does not, SeaLink does."""
        return self._last_words or error_frame(self._failure or error, self._mender.response_id or "")

    def _hear(self, frame: Frame) -> None:
        for event in self._decoder.decode(frame):
            observe(event, self.outcome)

    def _end(self, frame: Frame, error: SealinkError) -> bytes:
        """The upstream's last words: `fail` tells them."""
        self._last_words, self.outcome.error = frame.raw, error
        return b""


def passthrough_whole(body: bytes) -> tuple[bytes, Outcome]:
    """The body as it is, and what it says."""
    outcome = Outcome()
    for event in decode_whole(body):
        observe(event, outcome)
    return body, outcome


def _plain(frame: Frame) -> Frame:
    """A frame of an event line, a data line and a blank one: an `id` would make the stock SDK stop at the next comment,
    and what follows a frame without its end would be taken for more of it."""
    named = len(frame.event) + 8 if frame.event else 0
    if len(frame.raw) == len(frame.data) + 8 + named and frame.raw.endswith(b"\n\n"):
        return frame
    data = frame.data.replace(b"\n", b" ")
    return Frame(event_frame(frame.event, data) if frame.event else data_frame(data), data, frame.event)
