"""The protocols that a lane is built from.

A lane needs a Framer and a StreamHandler. The handler is either a dialect's own passthrough, when upstream and client
speak the same dialect, or a Translator made of one dialect's Decoder and another's Encoder.
"""

from collections.abc import Iterable
from typing import Protocol

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.outcome import Outcome


class Framer(Protocol):
    """Cuts an upstream's bytes into frames: SSE, NDJSON, a JSON array, a binary event stream."""

    def feed(self, data: bytes) -> Iterable[Frame]: ...
    def close(self) -> Iterable[Frame]: ...


class Decoder(Protocol):
    """Frames of one upstream stream → events. Raises UpstreamError on a frame that is not valid in its dialect.

    `stateless_deltas`: a frame that only continues the text of an open block does not change the decoder's state, so
    that such frames need not be decoded at all.
    """

    stateless_deltas: bool

    def decode(self, frame: Frame) -> Iterable[Event]: ...
    def close(self) -> Iterable[Event]:
        """The upstream's bytes ended without an error. Returns the remaining events, StreamEnd last if the answer is
        complete without an end marker; returns nothing if it is not."""


class Encoder(Protocol):
    """Events → bytes of one client stream: whole frames, as many as the event needs.

    `uniform_deltas`: after a block's first delta, the frames of its deltas differ in their text alone, and encoding one
    delta with all of the text leaves the encoder in the same state as encoding it in several.
    """

    uniform_deltas: bool

    def encode(self, event: Event) -> bytes: ...
    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends a stream which has already begun."""


class StreamHandler(Protocol):
    """Frames of one upstream stream → the frames for the client. Keeps `outcome` up to date.

    `delta_text`: the text of the last frame, if a frame with other text in its place would be handled in the same way
    and leave the same state; else "". The lane answers such frames from a template without calling `handle`, and
    reports their text with `add_skipped_text` before the next frame that it does hand over.
    `padding_field`: the beginning of a field (`"name":"`) whose value is random padding and may differ too; or b"".
    """

    outcome: Outcome
    delta_text: str
    padding_field: bytes

    def handle(self, frame: Frame) -> bytes:
        """The client's bytes for a frame. Passthrough returns `frame.raw` itself if nothing has to be changed."""

    def add_skipped_text(self, text: str) -> None: ...
    def finish(self) -> bytes:
        """The upstream's bytes ended without an error. Returns what the client must still get, and sets
        `outcome.complete` if the answer is whole."""

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends the client's stream."""
