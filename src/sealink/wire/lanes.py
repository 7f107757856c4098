"""How one upstream stream becomes one client stream. A lane is pure, lives for one attempt, and ends once.

Relay: both ends speak one dialect; whole frames go through, untouched where nothing needs mending.
Translate: frame → events → the client's frames.
"""

from collections.abc import Iterable
from typing import Final

from sealink.catalog.tokens import count_tokens
from sealink.errors import SealinkError, UpstreamError
from sealink.events import (
    BlockStart,
    Event,
    Finish,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.wire.dialect import Decoder, Encoder, Framer, Outcome, Relay
from sealink.wire.sse import Frame, is_noise
from sealink.wire.template import Template, template_of

MAX_MISSES: Final = 8
"""So often a stream's next frame may be of another shape than expected before nothing is expected of it any more."""


class Translate:
    """A Relay between two dialects: a decoder of the upstream's, an encoder of the client's."""

    padding = b""

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self.outcome = Outcome()
        self.words = ""
        self._decoder = decoder
        self._encoder = encoder
        self._is_uniform = decoder.forgets_deltas and encoder.repeats_deltas
        self._delta: TextDelta | ReasoningDelta | None = None

    def relay(self, frame: Frame) -> bytes:
        events = list(self._decoder.decode(frame))
        out = b"".join([self._pass_on(event) for event in events])
        if self._is_uniform:
            self._look_at(events)
        return out

    def skipped(self, words: str) -> None:
        """The encoder takes as one delta what it has not been given in many."""
        if self._delta is not None:
            self._delta.text = words
            self._encoder.encode(self._delta)

    def finish(self) -> bytes:
        return b"".join([self._pass_on(event) for event in self._decoder.close()])

    def fail(self, error: SealinkError) -> bytes:
        return self._encoder.fail(error)

    def _pass_on(self, event: Event) -> bytes:
        observe(event, self.outcome)
        return b"" if self.outcome.error else self._encoder.encode(event)

    def _look_at(self, events: list[Event]) -> None:
        """Whether a frame has brought words and nothing else, and of the same block as the one before."""
        before, self._delta, self.words = self._delta, None, ""
        if len(events) == 1 and isinstance(event := events[0], (TextDelta, ReasoningDelta)):
            self._delta = event
            if before is not None and (before.block, before.choice) == (event.block, event.choice):
                self.words = event.text


class Lane:
    """Upstream bytes in, client bytes out: whole frames only, and at the end exactly one ending.

    The rules it keeps, whatever the dialect (ARCHITECTURE, "Two contracts"):
    an error inside the stream, bytes that make no sense, or a cut end in one error frame;
    nothing follows an ending; a failed lane accepts only close().
    """

    def __init__(self, framer: Framer, relay: Relay) -> None:
        self.outcome = relay.outcome
        self.ended = False
        """Whether the client has been told how the stream ended: there is nothing more to read for."""
        self._framer = framer
        self._relay = relay
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
        relay = self._relay
        if relay.words and not self.ended:
            self._template = template_of(data, out, relay.words, relay.padding)
            self._told = self.outcome.text.pieces

    def _leave(self, template: Template) -> None:
        """Something else has come than the template says: the relay must know of what it has not been shown."""
        self._template = None
        if template.uses:
            self._relay.skipped(self.outcome.text.since(self._told))
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
                out.append(self._relay.relay(frame))
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
            out = self._relay.finish()
        except SealinkError as error:
            return self._fail(error)
        if not self.outcome.complete:
            return out + self._fail(truncated())
        self.ended = True
        return out

    def _fail(self, error: SealinkError) -> bytes:
        self.ended = True
        self.outcome.error = error
        return self._relay.fail(error)


def truncated() -> UpstreamError:
    """The upstream's stream stopped before its answer was whole."""
    return UpstreamError("The upstream ended the stream before the answer was complete.", code="upstream_truncated")


def not_an_event(frame: Frame) -> UpstreamError:
    """The upstream sent something that is not of an event stream."""
    words = frame.raw[:200].decode(errors="replace").strip()
    return UpstreamError(f"The upstream's answer makes no sense: {words!r} is no event.", code="upstream_malformed")


def observe(event: Event, outcome: Outcome) -> None:
    """What an event tells about the answer as a whole."""
    match event:
        case (
            TextDelta(text=words, choice=choice)
            | ReasoningDelta(text=words, choice=choice)
            | ToolArgsDelta(fragment=words, choice=choice)
        ):
            outcome.say(words, choice)
        case BlockStart(kind=kind):
            outcome.content_started |= kind not in ("text", "reasoning", "refusal")
        case UsageSnapshot(usage=usage, final=final):
            outcome.usage, outcome.provenance = usage, "provider" if final else "partial"
        case Finish(choice=choice, raw_reason=raw_reason):
            outcome.finish[choice] = raw_reason
        case StreamError(error=error):
            outcome.error = error
        case StreamEnd():
            outcome.complete = True
