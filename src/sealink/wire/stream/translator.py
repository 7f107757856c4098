"""Between two dialects: each frame is decoded into events, and each event encoded for the client."""

from sealink.errors import SealinkError
from sealink.events import Event, ReasoningDelta, TextDelta
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import Decoder, Encoder
from sealink.wire.stream.outcome import Outcome, observe


class Translator:
    """A StreamHandler between two dialects: a decoder of the upstream's, an encoder of the client's."""

    padding = b""

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self.outcome = Outcome()
        self.words = ""
        self._decoder = decoder
        self._encoder = encoder
        self._is_uniform = decoder.forgets_deltas and encoder.repeats_deltas
        self._delta: TextDelta | ReasoningDelta | None = None

    def handle(self, frame: Frame) -> bytes:
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
