"""Translation between two dialects: each frame is decoded into events, each event encoded for the client."""

from sealink.errors import SealinkError
from sealink.events import Event, ReasoningDelta, TextDelta
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import Decoder, Encoder
from sealink.wire.stream.outcome import Outcome, observe


class Translator:
    """A StreamHandler made of the upstream dialect's decoder and the client dialect's encoder."""

    padding_field = b""

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self.outcome = Outcome()
        self.delta_text = ""
        self._decoder = decoder
        self._encoder = encoder
        self._may_skip_deltas = decoder.stateless_deltas and encoder.uniform_deltas
        self._delta: TextDelta | ReasoningDelta | None = None

    def handle(self, frame: Frame) -> bytes:
        events = list(self._decoder.decode(frame))
        out = b"".join([self._encode(event) for event in events])
        if self._may_skip_deltas:
            self._note_delta(events)
        return out

    def add_skipped_text(self, text: str) -> None:
        """The encoder is given as one delta what came in many that it was not given."""
        if self._delta is not None:
            self._delta.text = text
            self._encoder.encode(self._delta)

    def finish(self) -> bytes:
        return b"".join([self._encode(event) for event in self._decoder.close()])

    def fail(self, error: SealinkError) -> bytes:
        return self._encoder.fail(error)

    def _encode(self, event: Event) -> bytes:
        observe(event, self.outcome)
        return b"" if self.outcome.error else self._encoder.encode(event)

    def _note_delta(self, events: list[Event]) -> None:
        """Set `delta_text` if a frame brought text and nothing else, of the same block as the one before."""
        before, self._delta, self.delta_text = self._delta, None, ""
        if len(events) == 1 and isinstance(event := events[0], (TextDelta, ReasoningDelta)):
            self._delta = event
            if before is not None and (before.block, before.choice) == (event.block, event.choice):
                self.delta_text = event.text
