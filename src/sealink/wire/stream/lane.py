"""How one upstream stream becomes one client stream. A lane is pure, lives for one attempt, and ends once.

StreamHandler: both ends speak one dialect; whole frames go through, untouched where nothing needs mending.
Translator: frame → events → the client's frames.
"""

from collections.abc import Iterable
from typing import Final

from sealink.catalog.tokens import count_tokens
from sealink.errors import SealinkError, UpstreamError
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import is_noise
from sealink.wire.stream.handler import Framer, StreamHandler
from sealink.wire.stream.template import Template, template_of

MAX_MISSES: Final = 8
"""So often a stream's next frame may be of another shape than expected before nothing is expected of it any more."""


class Lane:
    """Upstream bytes in, client bytes out: whole frames only, and at the end exactly one ending.

    The rules it keeps, whatever the dialect (ARCHITECTURE, "Two contracts"):
    an error inside the stream, bytes that make no sense, or a cut end in one error frame;
    nothing follows an ending; a failed lane accepts only close().
    """

    def __init__(self, framer: Framer, handler: StreamHandler) -> None:
        self.outcome = handler.outcome
        self.ended = False
        """Whether the client has been told how the stream ended: there is nothing more to read for."""
        self._framer = framer
        self._handler = handler
        self._template: Template | None = None
        self._told = 0  # pieces of the outcome's text that the relay knows of
        self._misses = 0
        self._last = b""

    def feed(self, data: bytes) -> bytes:
        """Client bytes for the frames that `data` completes."""
        template = self._template
        if template is not None:
            out = template.fill(data)
            if out:  # nearly every read
                outcome = self.outcome
                outcome.frames += 1
                outcome.text.say(template.words)
                return out
            self._leave(template)
        return self._feed(data)

    def _feed(self, data: bytes) -> bytes:
        if self.ended:
            return b""
        try:
            frames = self._framer.feed(data)
        except SealinkError as error:
            return self._fail(error)
        out = self._forward(frames)
        self.outcome.text.settle(count_tokens)
        if self._misses < MAX_MISSES and self._last == data:  # the read was one frame, whole
            self._learn(data, out)
        return out

    def _learn(self, data: bytes, out: bytes) -> None:
        handler = self._handler
        if handler.words and not self.ended:
            self._template = template_of(data, out, handler.words, handler.padding)
            self._told = self.outcome.text.pieces

    def _leave(self, template: Template) -> None:
        """Something else has come than the template says: the relay must know of what it has not been shown."""
        self._template = None
        if template.uses:
            self._handler.skipped(self.outcome.text.since(self._told))
        else:
            self._misses += 1

    def close(self, cause: SealinkError | None, *, framed: bool = True) -> bytes:
        """What the client must still be told once the upstream is over: at its proper end (None), or by `cause`.

        A body that was not `framed`, by a length or by chunks, ends with its connection, whatever ended that:
        it is whole only if an end mark or the usage has come.
        """
        if self.ended:
            return b""
        if cause is not None:
            return self._fail(cause)
        out = self._forward(self._framer.close())
        if self.ended:
            return out
        return out + (self._finish() if framed or self.outcome.usage is not None else self._fail(truncated()))

    def _forward(self, frames: Iterable[Frame]) -> bytes:
        outcome = self.outcome
        out: list[bytes] = []
        try:
            for frame in frames:
                outcome.frames += 1
                self._last = frame.raw
                if not frame.data and is_noise(frame):
                    raise not_an_event(frame)
                out.append(self._handler.handle(frame))
                if outcome.error is not None:
                    raise outcome.error
                if outcome.complete:
                    self.ended = True
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
        self.ended = True
        return out

    def _fail(self, error: SealinkError) -> bytes:
        self.ended = True
        self.outcome.error = error
        return self._handler.fail(error)


def truncated() -> UpstreamError:
    """The upstream's stream stopped before its answer was whole."""
    return UpstreamError("The upstream ended the stream before the answer was complete.", code="upstream_truncated")


def not_an_event(frame: Frame) -> UpstreamError:
    """The upstream sent something that is not of an event stream."""
    words = frame.raw[:200].decode(errors="replace").strip()
    return UpstreamError(f"The upstream's answer makes no sense: {words!r} is no event.", code="upstream_malformed")
