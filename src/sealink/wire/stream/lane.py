"""A lane turns one upstream stream into one client stream. It is pure, lives for one attempt, and ends once.

A framer cuts the upstream's bytes into frames, a stream handler answers each with the client's frames: a passthrough
where both ends speak the same dialect, a Translator where they do not.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from sealink.catalog.tokens import count_tokens
from sealink.errors import SealinkError, UpstreamError
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import BLANK_LINE, is_noise
from sealink.wire.stream.answer_framing import FirstBytesFramer, truncated
from sealink.wire.stream.handler import Framer, Skipped, StreamHandler
from sealink.wire.stream.outcome import empty_answer, is_empty
from sealink.wire.stream.passage import Passage
from sealink.wire.stream.template import template_of

MAX_MISSES: Final = 8
"""After this many templates that the next frame did not match, a lane makes no more templates for its stream."""
LEAST_ROOM: Final = 64
"""Bytes of text that may pass unread, at least, where a template is worth making."""


class UpstreamWords(Protocol):
    """What an upstream says about a failure, as its client may read it."""

    def told(self, error: SealinkError) -> SealinkError: ...
    def masked(self, data: bytes) -> bytes: ...


class Lane:
    """Upstream bytes in, client bytes out: whole frames only, and exactly one ending.

    Whatever the dialect: an error inside the stream, invalid bytes and a connection that was cut each end in one error
    frame; nothing follows the ending; a lane that has failed accepts only close().

    With `whole_handler`, an answer that turns out not to be a stream is given to what that returns, as one frame; its
    bytes are JSON that does not begin with `json_stream`.
    """

    def __init__(
        self,
        framer: Framer,
        handler: StreamHandler,
        *,
        whole_handler: Callable[[], StreamHandler] | None = None,
        json_stream: bytes = b"",
    ) -> None:
        self.outcome = handler.outcome
        self.words: UpstreamWords | None = None
        self.ended = False
        """Whether the client has been sent the stream's ending. What the upstream still sends is not needed."""
        self._framer = framer
        self._handler = handler
        self._whole_handler = whole_handler
        if whole_handler is not None:
            self._framer = FirstBytesFramer(framer, json_stream, self._use_framer, self._use_whole)
        self.passage = Passage(self.outcome)
        self._misses = 0
        self._last_raw = self._last_answer = b""

    def feed(self, data: bytes) -> bytes:
        """Client bytes for the frames that `data` completes."""
        passage = self.passage
        if passage.template is None:
            return self._feed(data)
        if out := passage.fill(data):  # nearly every read
            return out
        out, data = self._fill_several(passage, data)
        return out + self._drop_template() + self._feed(data) if data else out

    def _fill_several(self, passage: Passage, data: bytes) -> tuple[bytes, bytes]:
        """The client's frames for those at the beginning of a read that match, and the rest of the read."""
        begin = 0
        out: list[bytes] = []
        while (blank := data.find(BLANK_LINE, begin)) >= 0:
            end = blank + len(BLANK_LINE)
            if not (filled := passage.fill(data[begin:end])):
                break
            out.append(filled)
            begin = end
        return b"".join(out), data[begin:]

    def _feed(self, data: bytes) -> bytes:
        if self.ended:
            return b""
        try:
            frames = self._framer.feed(data)
        except SealinkError as error:
            return self._fail(error)
        out = self._forward(frames)
        self.outcome.text.compact(count_tokens)
        if self._handler.delta_text and self._misses < MAX_MISSES and data.endswith(self._last_raw):
            self._make_template(self._last_raw, self._last_answer)
        return out

    def _make_template(self, frame: bytes, answer: bytes) -> None:
        """The read has ended with this frame."""
        handler = self._handler
        room = handler.room
        if not self.ended and (room is None or room[0] >= LEAST_ROOM):
            template = template_of(frame, answer, handler.delta_text, handler.varying)
            if template is not None:
                self.passage.open(template, room)
                self._last_raw = self._last_answer = b""

    def _drop_template(self) -> bytes:
        """The next frame does not match: tell the handler of the frames that it was not given. Returns what the client
        must be sent if they cannot be read."""
        passage = self.passage
        skipped = Skipped(passage.text, passage.taken, passage.template.counts if passage.template else b"")
        passage.close()
        if not skipped.frames:
            self._misses += 1
            return b""
        try:
            self._handler.catch_up(skipped)
        except SealinkError as error:
            return self._fail(error)
        return b""

    def close(self, cause: SealinkError | None, *, framed: bool = True) -> bytes:
        """The client's last bytes, once the upstream's body has ended properly (`cause` is None) or failed.

        `framed`: the body had a content-length or was chunked. One that was not ends with its connection, for whatever
        reason that closed; it counts as whole only if an end marker or the usage has come.
        """
        if self.ended:
            return b""
        if self.passage.template is not None and (out := self._drop_template()):
            return out
        if cause is not None:
            return self._fail(cause)
        out = self._forward(self._framer.close())
        if self.ended:
            return out
        return out + (self._finish() if framed or self.outcome.usage is not None else self._fail(truncated()))

    def _use_framer(self, framer: Framer) -> None:
        self._framer, self._whole_handler = framer, None

    def _use_whole(self) -> None:
        assert self._whole_handler is not None
        self._handler = self._whole_handler()
        self._handler.outcome = self.outcome

    def _forward(self, frames: Iterable[Frame]) -> bytes:
        outcome = self.outcome
        out: list[bytes] = []
        try:
            for frame in frames:
                outcome.frames += 1
                self._last_raw = frame.raw
                if not frame.data and is_noise(frame):
                    raise not_an_event(frame)
                answered = self._handler.handle(frame)
                if outcome.complete:
                    if is_empty(outcome):
                        raise empty_answer()
                    self.ended = outcome.error is None
                out.append(answered)
                self._last_answer = answered
                if outcome.error is not None:
                    raise outcome.error
                if self.ended:
                    break
        except SealinkError as error:
            out.append(self._fail(error))
        return out[0] if len(out) == 1 else b"".join(out)

    def _finish(self) -> bytes:
        try:
            out = self._handler.finish()
        except SealinkError as error:
            return self._fail(error)
        if not self.outcome.complete:
            return out + self._fail(truncated())
        if is_empty(self.outcome):
            return self._fail(empty_answer())
        self.ended = True
        return out

    def _fail(self, error: SealinkError) -> bytes:
        self.ended = True
        words = self.words
        if words is None:
            self.outcome.error = error
            return self._handler.fail(error)
        self.outcome.error = error = words.told(error)
        return words.masked(self._handler.fail(error))


def not_an_event(frame: Frame) -> UpstreamError:
    """The upstream sent something that does not belong in an event stream."""
    text = frame.raw[:200].decode(errors="replace").strip()
    return UpstreamError(f"The upstream's answer is not valid: {text!r} is not an event.", code="upstream_malformed")
