"""Does the model learn that the client has left, and how fast?"""

import asyncio
from typing import Any, Literal

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, parsed
from sealink.doctor.session import Session
from sealink.doctor.tokens import tokens_of
from sealink.doctor.verdict import Verdict
from sealink.errors import GatewayTimeout, SealinkError
from sealink.net.client import UpstreamPool
from sealink.sim.probe import Probe, Record

_PAUSE_S = 0.25
_ASK_EVERY_S = 0.25
_QUICK_S = 0.1
_SOON_S = 1.0
_MANY_PIECES = 50
_LONGEST_WAIT_S = 2.0
"""For the first tokens, which a buffer may hold back."""


class Leaving(msgspec.Struct, frozen=True):
    """How a stream went on whose client has left. `after_s`: until the model noticed, None if it did not."""

    state: Literal["not asked", "unknown", "running", "complete", "left"]
    after_s: float | None = None
    patience_s: float = 0.0


async def probe(session: Session) -> Leaving:
    """Leave once; if that is slow to be noticed, once more, and the quicker counts: a first time may load something."""
    if not session.is_sim:
        return Leaving("not asked")
    first = await _leave(session)
    if first.state != "left" or (first.after_s or 0.0) <= _QUICK_S:
        return first
    second = await _leave(session)
    return min((each for each in (first, second) if each.after_s is not None), key=lambda each: each.after_s or 0.0)


async def _leave(session: Session) -> Leaving:
    plan, name = session.plan, session.new_name()
    few, patience_s = plan.leave_after_tokens, plan.leave_patience_s
    many = int((patience_s + _LONGEST_WAIT_S) / _PAUSE_S) + few
    wish = Probe(phases=((few, 0.0), (many, _PAUSE_S)), name=name)
    left_s = await _begin_and_leave(session, wish.prompt(), few)
    record = await _ask(session, name)
    if record.state != "left":
        return Leaving(record.state, None, patience_s)
    return Leaving("left", max(0.0, record.ended_s - left_s), patience_s)


async def _begin_and_leave(session: Session, prompt: str, few: int) -> float:
    """Read a few tokens and leave, or without any if they do not come. Returns when, on the model's clock."""
    try:
        came = await session.stream(prompt, lambda came: _has_begun(came, few), most_s=_LONGEST_WAIT_S)
    except GatewayTimeout:  # something holds back the headers, too
        return _LONGEST_WAIT_S
    return _left_s(came)


def _has_begun(came: Reception, few: int) -> bool:
    return len(came.pieces) >= _MANY_PIECES or len(tokens_of(parsed(came))) >= few


def _left_s(came: Reception) -> float:
    """When the client left, on the model's clock: the quickest token says how the two clocks differ."""
    tokens = tokens_of(parsed(came))
    return came.ended_s - min((token.arrived_s - token.sent_s for token in tokens), default=0.0)


async def _ask(session: Session, name: str) -> Record:
    """The record of the stream, as soon as it has ended."""
    clock = asyncio.get_running_loop().time
    until_s, record = clock() + session.plan.leave_patience_s, Record()
    while record.state in ("unknown", "running") and clock() < until_s:
        await asyncio.sleep(_ASK_EVERY_S)
        record = await _record(session, name) or record
    return record


async def _record(session: Session, name: str) -> Record | None:
    """Over a connection of its own, for one that is kept leads to the same process of several."""
    pool = UpstreamPool()
    try:
        came = await session.whole(Probe(report_on=name).prompt(), pool=pool)
        answer = msgspec.json.decode(came.body, type=dict[str, Any])
        return msgspec.json.decode(answer["choices"][0]["message"]["content"], type=Record)
    except (SealinkError, msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError):
        return None
    finally:
        await pool.close()


def verdict(found: Leaving, way: Way) -> Verdict:
    match found.state:
        case "not asked":
            return Verdict("untested", "Only SeaLink's simulated model tells (--model sealink/sim).")
        case "unknown":
            return Verdict("untested", "The model could not be asked: several processes or machines answer.")
        case "running" | "complete":
            words = f"{found.patience_s:g} s after its client had left, the model was still writing: tokens for nobody."
            return Verdict("warning", words, way.change("leaving"), {"noticed_after_ms": None})
        case "left":
            after_s = found.after_s or 0.0
            figures: dict[str, float | str | None] = {"noticed_after_ms": round(after_s * 1000, 1)}
            words = f"The model learns after {after_s * 1000:.0f} ms that its client has left."
            if after_s <= _SOON_S:
                return Verdict("ok", words, figures=figures)
            return Verdict("warning", words, way.change("leaving"), figures)


CHECK = Check("leaving", "whether the model learns that its client has left", probe, verdict)
