"""An Anthropic upstream for a client of the same dialect: the bytes go through, and are read on the way."""

from sealink.errors import SealinkError
from sealink.events import ReasoningDelta, TextDelta
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.anthropic_messages.errors import error_frame
from sealink.wire.dialects.anthropic_messages.stream import MessageDecoder, whole_events
from sealink.wire.lanes import observe
from sealink.wire.sse import Frame


class MessageRelay:
    """A Relay that mends nothing: clients of Anthropic's API get Anthropic's frames."""

    padding = b""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.words = ""
        self._decoder = MessageDecoder()

    def relay(self, frame: Frame) -> bytes:
        """The frame itself. An upstream's error is left to `fail`, which ends the stream with it."""
        self.words = ""
        events = list(self._decoder.decode(frame))
        for event in events:
            observe(event, self.outcome)
        if len(events) == 1 and isinstance(events[0], (TextDelta, ReasoningDelta)):
            self.words = events[0].text
        return frame.raw if self.outcome.error is None else b""

    def skipped(self, words: str) -> None:
        """Words leave no trace here."""

    def finish(self) -> bytes:
        return b""

    def fail(self, error: SealinkError) -> bytes:
        return error_frame(error)


def relay_whole(body: bytes) -> tuple[bytes, Outcome]:
    """The body as it is, and what it says."""
    outcome = Outcome()
    for event in whole_events(body):
        observe(event, outcome)
    return body, outcome
