"""A Responses upstream's answer for a client of the same dialect: its bytes pass through and are read on the way."""

from sealink.errors import SealinkError
from sealink.events import Event, ReasoningDelta, TextDelta, ToolArgsDelta
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.client.errors import FAILED, error_frame
from sealink.wire.dialects.openai_responses.client.heartbeat import COMMENT
from sealink.wire.dialects.openai_responses.upstream.decode import ResponseDecoder, decode_whole
from sealink.wire.dialects.openai_responses.upstream.mend import Mender, mend_whole
from sealink.wire.dialects.openai_responses.views import VARYING
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame, event_frame
from sealink.wire.raw_json.fields import encode, parse_object
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.outcome import Outcome, observe


class ResponsesPassthrough:
    """A StreamHandler. An upstream's own failure reaches the client in the upstream's own words."""

    varying = VARYING
    room = None

    def __init__(self, identity: FallbackIdentity) -> None:
        self.outcome = Outcome()
        self._decoder = ResponseDecoder()
        self._mender = Mender(identity)
        self._failure: SealinkError | None = None
        self._error_event = b""
        """An `error` event behind content, which goes out with the stream's ending: as all that an upstream says about
        a failure, it may have to be freed from secrets."""
        self._last_frame = b""
        self.delta_text = ""
        self._delta: TextDelta | ReasoningDelta | ToolArgsDelta | None = None

    def handle(self, frame: Frame) -> bytes:
        """The frame itself, unless it is one that clients cannot read."""
        self.delta_text = ""
        if not frame.data:
            self._observe(frame)
            return COMMENT if b":" in frame.raw else b""
        frame = _plain(frame)
        if self._failure is not None:
            return self._end(frame, self._failure)
        has_begun = self.outcome.content_started
        self._observe(frame)
        error, fields = self.outcome.error, self._mender.mended(frame.data)
        if error is None:
            return frame.raw if fields is None else _framed(frame.event, encode(fields))
        if has_begun and FAILED.encode() not in frame.data:
            self._failure, self.outcome.error = error, None
            self._error_event = frame.raw
            return b""
        return self._end(frame, error)

    def catch_up(self, skipped: Skipped) -> None:
        self._mender.count(skipped.frames)
        if isinstance(delta := self._delta, TextDelta):
            delta.text = skipped.text
            self._decoder.catch_up(delta, skipped)

    def finish(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        return b""

    def fail(self, error: SealinkError) -> bytes:
        """The last frame. Agents rely on the `response.failed` that OpenAI sends after an `error` event: SeaLink sends
        it if the upstream does not."""
        if self._last_frame:
            return self._error_event + self._last_frame
        mender = self._mender
        return self._error_event + error_frame(self._failure or error, mender.response(), mender.next_number)

    def _observe(self, frame: Frame) -> None:
        events = list(self._decoder.decode(frame))
        for event in events:
            observe(event, self.outcome)
        self._note_delta(events)

    def _note_delta(self, events: list[Event]) -> None:
        """Set `delta_text` if a frame brought some more of a block, and nothing else, and so did the one before."""
        before, self._delta = self._delta, None
        if len(events) != 1 or not isinstance(event := events[0], TextDelta | ReasoningDelta | ToolArgsDelta):
            return
        self._delta = event
        if before is not None and before.block == event.block:
            self.delta_text = event.fragment if isinstance(event, ToolArgsDelta) else event.text

    def _end(self, frame: Frame, error: SealinkError) -> bytes:
        """Keeps the upstream's last frame, which `fail` returns."""
        self._last_frame, self.outcome.error = frame.raw, error
        return b""


def passthrough_whole(body: bytes, identity: FallbackIdentity) -> tuple[bytes, Outcome]:
    """The body as it is, unless it has to be mended, and its outcome."""
    outcome = Outcome()
    for event in decode_whole(body):
        observe(event, outcome)
    fields = parse_object(body)
    mended = mend_whole(fields, identity)
    return body if mended is fields else encode(mended), outcome


def _plain(frame: Frame) -> Frame:
    """The frame as an event line, a data line and a blank one: an `id` would make the stock SDK stop at the next
    comment, and whatever follows a frame without a blank line would be read as a part of it."""
    named = len(frame.event) + 8 if frame.event else 0
    if len(frame.raw) == len(frame.data) + 8 + named and frame.raw.endswith(b"\n\n"):
        return frame
    data = frame.data.replace(b"\n", b" ")
    return Frame(_framed(frame.event, data), data, frame.event)


def _framed(event: bytes, data: bytes) -> bytes:
    return event_frame(event, data) if event else data_frame(data)
