"""Translation between two dialects: each frame is decoded into events, each event encoded for the client."""

import msgspec

from sealink.errors import SealinkError
from sealink.events import Event, Finish, ReasoningDelta, StreamEnd, TextDelta, UsageSnapshot
from sealink.usage import Usage
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import Decoder, Encoder, Skipped
from sealink.wire.stream.outcome import Outcome, observe
from sealink.wire.stream.template import Varying


class Translator:
    """A StreamHandler made of the upstream dialect's decoder and the client dialect's encoder. It can be cut."""

    room = None

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self.outcome = Outcome()
        self.delta_text = ""
        self._decoder = decoder
        self._encoder = encoder
        self._may_skip_deltas = decoder.uniform_deltas and encoder.uniform_deltas
        self._delta: TextDelta | ReasoningDelta | None = None

    def handle(self, frame: Frame) -> bytes:
        events = list(self._decoder.decode(frame))
        out = b"".join([self._encode(event) for event in events])
        if self._may_skip_deltas:
            self._note_delta(events)
        return out

    @property
    def varying(self) -> Varying:
        return msgspec.structs.replace(self._decoder.varying, answer_number=self._encoder.number_field)

    def catch_up(self, skipped: Skipped) -> None:
        """The decoder and the encoder are given as one delta what came in many that they were not given."""
        delta = self._delta
        assert delta is not None
        delta.text = skipped.text
        for event in self._decoder.catch_up(delta, skipped):
            self._encode(event)
        self._encoder.catch_up(delta, skipped.frames)

    def finish(self) -> bytes:
        return b"".join([self._encode(event) for event in self._decoder.close()])

    def fail(self, error: SealinkError) -> bytes:
        return self._encoder.fail(error)

    def cut(self, usage: Usage) -> bytes:
        unfinished = [
            choice for choice in sorted(self.outcome.text.choices) if choice not in self.outcome.finish_reasons
        ]
        finishes = [Finish("length", "length", choice) for choice in unfinished]
        return b"".join([self._encode(event) for event in (*finishes, UsageSnapshot(usage, False), StreamEnd())])

    def _encode(self, event: Event) -> bytes:
        observe(event, self.outcome)
        return b"" if self.outcome.error else self._encoder.encode(event)

    def _note_delta(self, events: list[Event]) -> None:
        """Set `delta_text` if a frame brought text and nothing else, but for the usage so far, of the same block as the
        one before."""
        before, self._delta, self.delta_text = self._delta, None, ""
        if not events or len(events) > 2 or (len(events) == 2 and not isinstance(events[1], UsageSnapshot)):
            return
        if isinstance(event := events[0], (TextDelta, ReasoningDelta)):
            self._delta = event
            if before is not None and (before.block, before.choice) == (event.block, event.choice):
                self.delta_text = event.text
