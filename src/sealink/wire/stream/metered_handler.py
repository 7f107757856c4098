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
_PART: Final = 4
"""Of the room, for frames whose text is not looked at."""


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
    times the expense, only where that is too much. A part of the room is for the first frames, as long as they are,
    whatever is in them: most streams have few that are not relayed by their template.
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
        self._spare = self._at_most // _PART
        self.room = [self._at_most - self._spare]
        self._handler = handler
        self._handle = handler.handle
        self._text = text = handler.outcome.text
        self._choices = text.choices
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
        before = len(self._text.pieces)
        out = self._handle(frame)
        if self.outcome.usage is self._reported:
            spare = self._spare - len(frame.data)
            if spare > 0:
                self._spare = spare
                return out
        return out + self._counted(frame, before)

    def _counted(self, frame: Frame, before: int) -> bytes:
        """What the stream ends with, if it does, after a frame that came after so many pieces of text."""
        outcome, room = self.outcome, self.room
        if not outcome.content_started:
            return b""
        if len(self._choices) == 1:
            new = self._text.pieces[before:]
            size = len("".join(new).encode("utf-8", "replace")) if new else 0
        else:  # they may come in one frame: no more text has come than the frame is long
            size = len(frame.data)
        room[0] -= size
        if room[0] <= 0:
            room[0] += self._spare
            self._spare = 0
        return b"" if room[0] > 0 and outcome.usage is self._reported else self._ending(size)

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
        tokens, usage = self._at_most - self._spare - self.room[0], None
        left = meter.left_uncounted(tokens, reported)
        if left <= 0:
            tokens = outcome.text.tokens(count_tokens)
            usage = meter(tokens, reported)
            left = meter.left(tokens)
        left = min(left, MOST_ROOM)
        self._at_most, self._spare = tokens + left, max(0, left) // _PART
        self.room[0] = left - self._spare
        return usage

    def _cut(self, usage: Usage) -> bytes:
        """The ending of an answer that was cut at its length."""
        self.outcome.cut = self._cut_as()
        self._reads_all = True
        return self._handler.cut(usage)
