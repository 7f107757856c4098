"""A handler that ends its stream when nothing more may be spent on it, as if the answer had reached its limit."""

from collections.abc import Callable
from typing import Final, Protocol

from sealink.catalog.tokens import count_tokens
from sealink.errors import SealinkError
from sealink.usage import Usage
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import CuttableHandler, Skipped
from sealink.wire.stream.template import Varying

MOST_ROOM: Final = 1 << 40
"""Bytes that may come without a look at the meter: a client may ask for more tokens than C can count."""


class RunningMeter(Protocol):
    """Of one stream: from the tokens that have come and the provider's running usage to the usage at which the stream
    ends now; None: it goes on. It need not be asked while no more than `left` tokens come besides those that it is
    given."""

    def __call__(self, tokens: int, reported: Usage | None, /) -> Usage | None: ...
    def left(self, tokens: int, /) -> int: ...
    def left_uncounted(self, most: int, reported: Usage | None, /) -> int:
        """As `left`, where nobody has counted how many have come, but they are `most` at most; 0: they have to be
        counted."""


class MeteredHandler:
    """A StreamHandler, around the one that answers the frames: it looks at how much has come whenever the money may be
    spent. `make_meter` is called when that is first so. `cut_as` is the code of the reason. `room`: so many tokens may
    come before; None: the meter says how many.

    A token has one byte at least: so bytes are counted as long as there is room for them, and tokens, at a hundred
    times the expense, only where that is too much.
    """

    def __init__(
        self,
        handler: CuttableHandler,
        make_meter: Callable[[], RunningMeter],
        cut_as: Callable[[], str],
        room: int | None = None,
    ) -> None:
        self.outcome = handler.outcome
        self._make_meter = make_meter
        self._meter: RunningMeter | None = None
        if room is None:
            self._meter = meter = make_meter()
            room = meter.left(0)
        self._at_most = room if room < MOST_ROOM else MOST_ROOM
        """How many tokens there are when there is no room left."""
        self.room = [self._at_most]
        self._handler = handler
        self._handle = handler.handle
        self._text = handler.outcome.text
        self._cut_as = cut_as
        self._reads_all = bool(handler.varying.counts)  # those are the provider's running usage
        self._reported: Usage | None = None

    @property
    def delta_text(self) -> str:
        return "" if self._reads_all else self._handler.delta_text

    @property
    def varying(self) -> Varying:
        return self._handler.varying

    def handle(self, frame: Frame) -> bytes:
        outcome, text = self.outcome, self._text
        before = len(text.pieces)
        out = self._handle(frame)
        if not outcome.content_started:
            return out
        if len(text.choices) == 1:
            new = text.pieces[before:]
            size = len("".join(new).encode(errors="replace")) if new else 0
        else:  # they may come in one frame: no more text has come than the frame is long
            size = len(frame.data)
        if not size and outcome.usage is self._reported:
            return out
        room = self.room
        room[0] -= size
        return out if room[0] > 0 and outcome.usage is self._reported else out + self._ending(size)

    def _ending(self, size: int) -> bytes:
        """What the stream ends with, after a frame with so many bytes of text, if it does."""
        outcome = self.outcome
        if outcome.complete or outcome.error is not None:
            return b""
        if not size and outcome.finish_reasons.keys() >= outcome.text.choices.keys():
            self._reported = outcome.usage
            return b""  # there is nothing left to be cut
        usage = self._look()
        return b"" if usage is None else self._cut(usage)

    def catch_up(self, skipped: Skipped) -> None:
        self._handler.catch_up(skipped)

    def finish(self) -> bytes:
        return self._handler.finish()

    def fail(self, error: SealinkError) -> bytes:
        return self._handler.fail(error)

    def _look(self) -> Usage | None:
        """The usage at which the stream ends now, if it does."""
        outcome, meter = self.outcome, self._meter
        if meter is None:
            self._meter = meter = self._make_meter()
        reported = self._reported = outcome.usage
        tokens, usage = self._at_most - self.room[0], None
        left = meter.left_uncounted(tokens, reported)
        if left <= 0:
            tokens = outcome.text.tokens(count_tokens)
            usage = meter(tokens, reported)
            left = meter.left(tokens)
        left = min(left, MOST_ROOM)
        self.room[0], self._at_most = left, tokens + left
        return usage

    def _cut(self, usage: Usage) -> bytes:
        """The ending of an answer that was cut at its length."""
        self.outcome.cut = self._cut_as()
        self._reads_all = True
        return self._handler.cut(usage)
