"""A stream that is read for a client who wants the whole answer."""

from sealink.errors import SealinkError
from sealink.events import Event, ReasoningDelta, TextDelta


class Gathering:
    """An Encoder that keeps the events, and gives the client nothing yet."""

    uniform_deltas = False
    number_field = b""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def encode(self, event: Event) -> bytes:
        self.events.append(event)
        return b""

    def catch_up(self, delta: TextDelta | ReasoningDelta, frames: int) -> None:
        """No delta is left out."""

    def fail(self, error: SealinkError) -> bytes:
        return b""
