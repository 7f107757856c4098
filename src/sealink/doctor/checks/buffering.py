"""Are tokens held back on the way? By how much, and is what holds them emptied by size or by time?"""

import asyncio
from itertools import pairwise
from statistics import median
from typing import Final

import msgspec

from sealink.doctor.bursts import Holding, holding
from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, Stream
from sealink.doctor.session import Session
from sealink.doctor.tokens import Stall, Token, delays_s, tokens_of, typical_delay_s, without_stalls
from sealink.doctor.verdict import Verdict

_TICK_S: Final = 0.005
_STALL_S: Final = 0.02
"""From which time between two ticks on this program was held up."""
_MANY_CHUNKS: Final = 20
_TOO_BUSY: Final = 0.5


class Pacing(msgspec.Struct, frozen=True):
    """A stream at a known pace, or of an unknown model.

    `delay_s` is the typical delay of its tokens beyond what this program itself was held up, which it was for `stalled`
    of the time (0 to 1); `seen_s` is that delay included; `tolerated_s` is no fault.
    """

    stream: Stream
    ended_s: float
    tokens: list[Token]
    delay_s: float
    seen_s: float
    stalled: float
    tolerated_s: float

    @property
    def is_late(self) -> bool:
        return self.delay_s > self.tolerated_s

    @property
    def is_unsure(self) -> bool:
        """Whether this machine is too busy to tell."""
        return not self.is_late and self.seen_s > self.tolerated_s and self.stalled > _TOO_BUSY


async def probe(session: Session) -> Pacing:
    """Measure; what looks late is measured once more, and the better of the two counts."""
    first = await _measure(session, again=False)
    if not first.is_late:
        return first
    second = await _measure(session, again=True)
    return min(first, second, key=lambda pacing: pacing.delay_s)


async def _measure(session: Session, *, again: bool) -> Pacing:
    ticks: list[float] = []
    watching = asyncio.create_task(_watch(ticks))
    try:
        came, stream = await session.paced(again=again)
    finally:
        watching.cancel()
    tokens, slow, end_s = tokens_of(stream), session.plan.paced[0][0], _end_s(came)
    stalls = _stalls(ticks, came.began_s)
    return Pacing(
        stream,
        end_s,
        tokens,
        delay_s=typical_delay_s(without_stalls(tokens, stalls), slow),
        seen_s=typical_delay_s(tokens, slow),
        stalled=sum(end - begin for begin, end in stalls) / (end_s or 1.0),
        tolerated_s=session.plan.tolerated_delay_s,
    )


def _end_s(came: Reception) -> float:
    return came.pieces[-1].at_s if came.pieces else came.ended_s


async def _watch(ticks: list[float]) -> None:
    """Note when this program runs. Between two ticks too far apart a busy machine has held it up."""
    clock = asyncio.get_running_loop().time
    while True:
        ticks.append(clock())
        await asyncio.sleep(_TICK_S)


def _stalls(ticks: list[float], began_s: float) -> list[Stall]:
    return [(begin - began_s, end - began_s) for begin, end in pairwise(ticks) if end - begin > _STALL_S]


def verdict(found: Pacing, way: Way) -> Verdict:
    if not found.tokens:
        return _of_unstamped(found, way)
    late = delays_s(found.tokens)
    figures: dict[str, float | str | None] = {
        "typical_delay_ms": round(found.delay_s * 1000, 1),
        "largest_delay_ms": round(max(late) * 1000, 1),
    }
    if found.is_unsure:
        words = f"This machine is too busy to tell: {found.stalled:.0%} of the time it held up sealink doctor itself."
        return Verdict("untested", words, figures=figures)
    if not found.is_late:
        words = f"Tokens come as they are sent: typically {_ms(median(late))} late, at most {_ms(max(late))}."
        return Verdict("ok", words, figures=figures)
    held = holding(found.tokens)
    figures |= {"held_by": held.by, "held_bytes": round(held.size), "held_s": round(held.interval_s, 3)}
    words = f"Tokens come {_ms(found.delay_s)} late: {_words(held)}"
    return Verdict("failure", words, way.change("buffering"), figures)


def _words(held: Holding) -> str:
    match held.by:
        case "size":
            return f"about {held.size / 1024:.0f} KiB are collected before they are passed on."
        case "time":
            return f"they are passed on every {_ms(held.interval_s)} only."
        case "end":
            return f"nothing is passed on before the end of the answer ({held.size / 1024:.0f} KiB)."


def _of_unstamped(found: Pacing, way: Way) -> Verdict:
    """A model that does not say when it sent: only a stream that comes all at once after a long wait tells."""
    first_s, chunks = found.stream.first_text_s, found.stream.chunks
    if first_s is None:
        return Verdict("untested", "No text came.")
    figures: dict[str, float | str | None] = {"first_text_s": round(first_s, 3), "end_s": round(found.ended_s, 3)}
    comes_at_once = found.ended_s - first_s < 0.05 * found.ended_s
    if comes_at_once and len(chunks) > _MANY_CHUNKS and found.ended_s > 1:
        words = f"All {len(chunks)} chunks came at once, after {first_s:.1f} s: something holds the stream back."
        return Verdict("warning", words, way.change("buffering"), figures)
    words = (
        f"{len(chunks)} chunks came from {first_s:.1f} s to {found.ended_s:.1f} s. When they were sent, only "
        "SeaLink's simulated model tells (--model sealink/sim)."
    )
    return Verdict("fact", words, figures=figures)


def _ms(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


CHECK = Check("buffering", "whether tokens are held back", probe, verdict)
