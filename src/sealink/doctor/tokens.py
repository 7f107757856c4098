"""The stamped tokens of a stream, and how late each of them came.

The clocks of the two ends are not compared: the token that came quickest counts as on time. So what is measured is
what holds tokens back, not how far away the model is.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from sealink.benchmark.chat_stream import texts
from sealink.doctor.reception import Stream
from sealink.sim.probe import stamps

_JUST_AFTER_S: Final = 0.005
"""After a stall: how long it takes to read what has waited."""


class Token(NamedTuple):
    """A token: its number, when it was sent, when it arrived, and how many bytes of the stream end with its frame."""

    number: int
    sent_s: float
    arrived_s: float
    end: int


def tokens_of(stream: Stream) -> list[Token]:
    """The tokens in the order in which they arrived; none where the model is not the simulated one."""
    return [
        Token(number, sent_s, chunk.at_s, chunk.end)
        for chunk in stream.chunks
        for text in texts(chunk.payload)
        for number, sent_s in stamps(text)
    ]


def delays_s(tokens: Sequence[Token]) -> list[float]:
    """How late each token came, compared with the quickest."""
    ways = [token.arrived_s - token.sent_s for token in tokens]
    return [way - min(ways) for way in ways]


Stall = tuple[float, float]
"""From when to when this program did not run, in seconds after the request."""


def without_stalls(tokens: Sequence[Token], stalls: Sequence[Stall]) -> list[Token]:
    """The tokens, each as early as it may have come: what was read after a stall may have waited since it began."""
    if not tokens:
        return []
    quickest_s = min(token.arrived_s - token.sent_s for token in tokens)
    return [token._replace(arrived_s=_earliest_s(token, quickest_s, stalls)) for token in tokens]


def _earliest_s(token: Token, quickest_s: float, stalls: Sequence[Stall]) -> float:
    begins = [begin_s for begin_s, end_s in stalls if begin_s < token.arrived_s <= end_s + _JUST_AFTER_S]
    return min(token.arrived_s, max(min(begins, default=token.arrived_s), token.sent_s + quickest_s))


def typical_delay_s(tokens: Sequence[Token], first_phase: int) -> float:
    """The median delay in the slow phase, whose tokens are the first so many, or in the fast one: the larger of them.

    A median, because on a busy machine some tokens are late without anything holding them back.
    """
    late = delays_s(tokens)
    phases = [late[:first_phase], late[first_phase:]]
    return max((median(phase) for phase in phases if phase), default=0.0)
