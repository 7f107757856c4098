"""What does a long silence do to a stream, and to an answer that is not streamed?"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, parsed
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict
from sealink.errors import SealinkError
from sealink.sim.probe import Probe, stamps


class Ending(msgspec.Struct, frozen=True):
    """When an answer ended that began with a silence, and why, if that was not its proper end."""

    after_s: float
    cut_by: str = ""


class Endings(msgspec.Struct, frozen=True):
    """Of a stream and of a whole answer; None where the model is not silent on demand."""

    silence_s: float
    streamed: Ending | None = None
    whole: Ending | None = None


async def probe(session: Session) -> Endings:
    silence_s = session.plan.long_silence_s
    if not session.is_sim:
        return Endings(silence_s)
    # The silence comes before the first token, where a gateway is the most patient.
    wish = Probe(phases=((1, silence_s),)).prompt()
    most_s = silence_s + session.plan.answer_s
    streamed, whole = await asyncio.gather(
        _ending(session.stream(wish, most_s=most_s)), _ending(session.whole(wish, most_s=most_s))
    )
    return Endings(silence_s, streamed, whole)


async def _ending(answering: Coroutine[Any, Any, Reception]) -> Ending:
    clock = asyncio.get_running_loop().time
    began_s = clock()
    try:
        came = await answering
    except SealinkError as error:
        return Ending(clock() - began_s, error.message)
    if came.error is not None:
        return Ending(came.ended_s, came.error.message)
    if came.status != 200:
        return Ending(came.ended_s, f"status {came.status}")
    stream = parsed(came)
    if came.is_event_stream and not stamps(stream.text):
        return Ending(came.ended_s, f"an error: {stream.error}" if stream.error else "an end without an answer")
    return Ending(came.ended_s)


def verdict(found: Endings, way: Way) -> Verdict:
    if found.streamed is None or found.whole is None:
        return Verdict("untested", "Only SeaLink's simulated model is silent on demand (--model sealink/sim).")
    figures: dict[str, float | str | None] = {
        "silence_s": found.silence_s,
        "stream_cut_after_s": _cut_after_s(found.streamed),
        "whole_cut_after_s": _cut_after_s(found.whole),
    }
    whole = _words("an answer that is not streamed", found.whole)
    if found.streamed.cut_by:
        words = f"Of {found.silence_s:g} s of silence: {_words('a stream', found.streamed)}; {whole}."
        return Verdict("failure", words, way.change("idle"), figures)
    words = f"A stream survives {found.silence_s:g} s of silence; {whole}"
    words += ": have clients stream what takes that long." if found.whole.cut_by else "."
    return Verdict("ok" if not found.whole.cut_by else "fact", words, figures=figures)


def _cut_after_s(ending: Ending) -> float | None:
    return round(ending.after_s, 1) if ending.cut_by else None


def _words(what: str, ending: Ending) -> str:
    if not ending.cut_by:
        return f"{what} survives too"
    return f"{what} is cut after {ending.after_s:.0f} s by {ending.cut_by.rstrip('.')}"


CHECK = Check("idle_timeout", "what a long silence does", probe, verdict, is_quiet=True)
