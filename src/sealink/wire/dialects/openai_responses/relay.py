"""A Responses upstream for a client of the same dialect: the bytes go through, and are read on the way."""

from sealink.errors import SealinkError
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.openai_responses.errors import error_frame
from sealink.wire.dialects.openai_responses.heartbeats import COMMENT
from sealink.wire.dialects.openai_responses.mend import Mender
from sealink.wire.dialects.openai_responses.stream import ResponseDecoder, whole_events
from sealink.wire.lanes import observe
from sealink.wire.sse import Frame, data_frame, event_frame


class ResponseRelay:
    """A Relay. An upstream's own last words on a failure (`response.failed`, `error`) are the client's, too."""

    words = ""  # no frame is like another: each has its number
    padding = b""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self._decoder = ResponseDecoder()
        self._mender = Mender()
        self._own_words = b""

    def relay(self, frame: Frame) -> bytes:
        """The frame itself, unless it is one that clients stumble over. An upstream's error is left to `fail`."""
        for event in self._decoder.decode(frame):
            observe(event, self.outcome)
        if not frame.data:
            return COMMENT if b":" in frame.raw else b""
        frame = _plain(frame)
        if self.outcome.error is not None:
            self._own_words = frame.raw
            return b""
        return self._mender.mended(frame)

    def skipped(self, words: str) -> None:
        """No frame is skipped."""

    def finish(self) -> bytes:
        return b""

    def fail(self, error: SealinkError) -> bytes:
        return self._own_words or error_frame(error, self._mender.response_id or "")


def relay_whole(body: bytes) -> tuple[bytes, Outcome]:
    """The body as it is, and what it says."""
    outcome = Outcome()
    for event in whole_events(body):
        observe(event, outcome)
    return body, outcome


def _plain(frame: Frame) -> Frame:
    """A frame of an event line and a data line at most: an `id` would make the stock SDK stop at the next comment."""
    named = len(frame.event) + 8 if frame.event else 0
    if len(frame.raw) == len(frame.data) + 8 + named:
        return frame
    data = frame.data.replace(b"\n", b" ")
    return Frame(event_frame(frame.event, data) if frame.event else data_frame(data), data, frame.event)
