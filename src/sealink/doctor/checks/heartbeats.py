"""Do signs of life come while the model is silent? Does a stream outlast the silence?"""

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, parsed
from sealink.doctor.session import Session
from sealink.doctor.tokens import delays_s, tokens_of
from sealink.doctor.verdict import Verdict
from sealink.sim.probe import Probe


class Silence(msgspec.Struct, frozen=True):
    """A silence between two tokens: when something came in it, whether the stream came to its end, and their lengths.
    `is_held_back`: the token before it came only after it, so that nothing can be said about heartbeats."""

    signs_s: list[float]
    survived: bool
    came: Reception | None
    silence_s: float
    stream_s: float
    is_held_back: bool = False


async def probe(session: Session) -> Silence:
    silence_s, rest = session.plan.silence_s, session.plan.after_silence
    stream_s = silence_s + sum(count * pause_s for count, pause_s in rest)
    if not session.is_sim:
        return Silence([], True, None, silence_s, stream_s)
    # A gateway sends heartbeats of its own, and may drop those of a model.
    of_model_s = 0.0 if "x-sealink-upstream" in session.headers else silence_s / 5
    wish = Probe(phases=((1, 0.0), (1, silence_s), *rest), heartbeat_s=of_model_s)
    came = await session.stream(wish.prompt(), most_s=stream_s + session.plan.answer_s)
    return silence_in(came, silence_s, stream_s)


def silence_in(came: Reception, silence_s: float, stream_s: float) -> Silence:
    """What came between the first two tokens: anything counts, for what is on the way counts bytes."""
    stream = parsed(came)
    tokens = tokens_of(stream)
    if stream.done_s is None or len(tokens) < 2:
        return Silence([], False, came, silence_s, stream_s)
    first, next, *_ = tokens
    begin_s, end_s = first.arrived_s + silence_s * 0.1, first.arrived_s + silence_s * 0.99
    signs_s = [piece.at_s for piece in came.pieces if begin_s < piece.at_s < min(end_s, next.arrived_s)]
    return Silence(signs_s, True, came, silence_s, stream_s, is_held_back=delays_s(tokens)[0] > silence_s / 2)


def verdict(found: Silence, way: Way) -> Verdict:
    if found.came is None:
        return Verdict("untested", "Only SeaLink's simulated model is silent on demand (--model sealink/sim).")
    if not found.survived:
        why = found.came.error.message if found.came.error else f"it ends without [DONE], status {found.came.status}."
        words = (
            f"A stream of {found.stream_s:g} s, {found.silence_s:g} s of them silent, is cut after "
            f"{found.came.ended_s:.1f} s: {why}"
        )
        return Verdict("failure", words, way.change("idle"))
    if found.is_held_back:
        return Verdict("untested", "The token before the silence was held back until after it: see buffering.")
    if found.signs_s:
        many = "1 sign" if len(found.signs_s) == 1 else f"{len(found.signs_s)} signs"
        words = f"{many} of life came in {found.silence_s:g} s of silence."
        return Verdict("ok", words, figures={"heartbeats": len(found.signs_s)})
    words = (
        f"Nothing came in {found.silence_s:g} s of silence: heartbeats are held back, dropped or turned off. "
        "What is on the way will take a thinking model for dead."
    )
    return Verdict("warning", words, way.change("heartbeats"), {"heartbeats": 0})


CHECK = Check("heartbeats", "whether heartbeats come in a silence", probe, verdict, is_quiet=True)
