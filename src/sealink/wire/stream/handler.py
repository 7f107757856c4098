"""The parts that a lane is put together from, as protocols: framer, decoder and encoder, or a stream handler."""

from collections.abc import Iterable
from typing import Protocol

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.outcome import Outcome


class Framer(Protocol):
    """Cuts an upstream's bytes into frames: SSE, NDJSON, binary event stream."""

    def feed(self, data: bytes) -> Iterable[Frame]: ...
    def close(self) -> Iterable[Frame]: ...


class Decoder(Protocol):
    """One upstream stream's frames → events. Raises UpstreamError on a frame that makes no sense.

    `forgets_deltas`: a frame that brings more words of an open block, and nothing else, leaves no trace.
    """

    forgets_deltas: bool

    def decode(self, frame: Frame) -> Iterable[Event]: ...
    def close(self) -> Iterable[Event]:
        """The upstream's bytes have come to a proper end: what that means. Events up to StreamEnd if the
        answer is whole as it stands, nothing if it is not."""


class Encoder(Protocol):
    """Events → one client stream's bytes: whole frames, as many as the event needs.

    `repeats_deltas`: the deltas of a block but its first become frames that differ in their words alone, and several
    leave the same traces as one that says it all.
    """

    repeats_deltas: bool

    def encode(self, event: Event) -> bytes: ...
    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends a stream which has already begun."""


class StreamHandler(Protocol):
    """One upstream stream's frames → the frames for a client of the same dialect, mended where needed.

    Keeps `outcome` up to date. `relay` returns `frame.raw` itself where there is nothing to mend.
    `words`: those of the last frame, if one that differs from it in its words alone would leave the same traces and
    be answered alike; else "". Such frames need not be relayed: `skipped` tells what they said before another one is.
    `padding` opens a field of such a frame whose value is noise.
    """

    outcome: Outcome
    words: str
    padding: bytes

    def handle(self, frame: Frame) -> bytes: ...
    def skipped(self, words: str) -> None: ...
    def finish(self) -> bytes:
        """The upstream's bytes have come to a proper end: what the client must still get. Sets
        `outcome.complete` if the answer is whole."""

    def fail(self, error: SealinkError) -> bytes: ...
