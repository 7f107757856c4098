"""The protocols that a lane is built from.

A lane needs a Framer and a StreamHandler. The handler is either a dialect's own passthrough, when upstream and client
speak the same dialect, or a Translator made of one dialect's Decoder and another's Encoder.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from sealink.errors import SealinkError
from sealink.events import Event, ReasoningDelta, TextDelta
from sealink.usage import Usage
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.template import UNVARYING, Varying


class Skipped(msgspec.Struct):
    """Frames that were answered from a template: all of their text, how many there were, and the last one's counts."""

    text: str
    frames: int
    counts: bytes = b""


class Framer(Protocol):
    """Cuts an upstream's bytes into frames: SSE, NDJSON, a JSON array, a binary event stream."""

    def feed(self, data: bytes) -> Iterable[Frame]: ...
    def close(self) -> Iterable[Frame]: ...


class Decoder(Protocol):
    """Frames of one upstream stream → events. Raises UpstreamError on a frame that is not valid in its dialect.

    `uniform_deltas`: frames that only continue the text of an open block need not be decoded one by one: `catch_up` is
    told of them, before the next frame is decoded. `varying` is what may differ in such frames besides their text.
    """

    uniform_deltas: bool
    varying: Varying

    def decode(self, frame: Frame) -> Iterable[Event]: ...
    def close(self) -> Iterable[Event]:
        """The upstream's bytes ended without an error. Returns the remaining events, StreamEnd last if the answer is
        complete without an end marker; returns nothing if it is not."""

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Iterable[Event]:
        """Frames like that of `delta` were skipped, which now has all of their text. Returns what else was in them."""


class EachFrameDecoded:
    """A part of a Decoder that must decode every frame."""

    uniform_deltas = False
    varying = UNVARYING

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Iterable[Event]:
        raise AssertionError("no frame is skipped")


class StatelessDeltas:
    """A part of a Decoder whose state does not change with the text of an open block."""

    uniform_deltas = True
    varying = UNVARYING

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Iterable[Event]:
        return ()


class Encoder(Protocol):
    """Events → bytes of one client stream: whole frames, as many as the event needs.

    `uniform_deltas`: after a block's first delta, the frames of its deltas differ in their text alone, and in a number
    that `number_field` begins (`"name":`) and that is one more in each frame; or there is none, and it is b"".
    """

    uniform_deltas: bool
    number_field: bytes

    def encode(self, event: Event) -> bytes: ...
    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends a stream which has already begun."""

    def catch_up(self, delta: TextDelta | ReasoningDelta, frames: int) -> None:
        """So many deltas were not encoded; `delta` has all of their text."""


class StreamHandler(Protocol):
    """Frames of one upstream stream → the frames for the client. Keeps `outcome` up to date.

    `delta_text`: the text of the last frame, if a frame with other text in its place would be handled in the same way
    and leave the same state; else "". The lane answers such frames from a template without calling `handle`, and tells
    of them with `catch_up` before the next frame that it does hand over. `varying`: what may differ in them, too.
    `room`: one number, how many bytes of UTF-8 of text may come before a frame is handed over again, from which the
    text of each frame that is not is taken; None: any amount.
    """

    outcome: Outcome

    @property
    def delta_text(self) -> str: ...
    @property
    def room(self) -> list[int] | None: ...

    @property
    def varying(self) -> Varying: ...
    def handle(self, frame: Frame) -> bytes:
        """The client's bytes for a frame. Passthrough returns `frame.raw` itself if nothing has to be changed."""

    def catch_up(self, skipped: Skipped) -> None: ...
    def finish(self) -> bytes:
        """The upstream's bytes ended without an error. Returns what the client must still get, and sets
        `outcome.complete` if the answer is whole."""

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends the client's stream."""


class CuttableHandler(StreamHandler, Protocol):
    """A StreamHandler whose stream can end before its upstream does."""

    def cut(self, usage: Usage) -> bytes:
        """The ending of an answer that has reached its length, with this usage. Nothing is handed over after it."""
