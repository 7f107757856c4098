"""An Anthropic upstream for a client of the same dialect: the bytes go through, and are read on the way."""

from sealink.errors import SealinkError
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.anthropic_messages.errors import error_frame
from sealink.wire.dialects.anthropic_messages.stream import MessageDecoder, whole_events
from sealink.wire.lanes import observe
from sealink.wire.sse import Frame


class MessageRelay:
    """A Relay that mends nothing: clients of Anthropic's API get Anthropic's frames."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self._decoder = MessageDecoder()

    def relay(self, frame: Frame) -> bytes:
        """The frame itself. An upstream's error is left to `fail`, which ends the stream with it."""
        for event in self._decoder.decode(frame):
            observe(event, self.outcome)
        return frame.raw if self.outcome.error is None else b""

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
