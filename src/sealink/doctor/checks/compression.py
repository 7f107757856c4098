"""Is a stream compressed for clients that could read that? SDKs and browsers send such an `accept-encoding`."""

import asyncio
from typing import Final

from sealink.doctor.check import Check
from sealink.doctor.checks.plain_http import PlainAnswer, plain_exchange
from sealink.doctor.intermediaries import Way
from sealink.doctor.session import PROMPT, Session
from sealink.doctor.verdict import Verdict
from sealink.sim.probe import Probe

ACCEPTED: Final = "gzip, deflate, br, zstd"


async def probe(session: Session) -> PlainAnswer:
    wish = Probe(phases=session.plan.compressible, token_chars=session.plan.token_chars)
    prompt = wish.prompt() if session.is_sim else PROMPT
    return await asyncio.to_thread(plain_exchange, session.asking(prompt), ACCEPTED, session.plan.answer_s)


def verdict(found: PlainAnswer, way: Way) -> Verdict:
    coding = found.headers.get("content-encoding", "identity")
    figures: dict[str, float | str | None] = {"content_encoding": coding}
    if found.status != 200:
        return Verdict("untested", f"The stream was answered with status {found.status}.", figures=figures)
    if coding == "identity":
        return Verdict("ok", "A stream is not compressed, even for clients that accept that.", figures=figures)
    held = _is_held_back(found)
    words = f"A stream is compressed ({coding}) for clients that accept that: "
    words += "so all of it comes at its end." if held else "a compressor may hold back tokens, and clients must unpack."
    return Verdict("failure" if held else "warning", words, way.change("compression"), figures)


def _is_held_back(found: PlainAnswer) -> bool:
    """Whether most of the body came at its end."""
    size, end_s = sum(size for _, size in found.reads), found.reads[-1][0] if found.reads else 0.0
    late = sum(size for at_s, size in found.reads if at_s > 0.9 * end_s)
    return late > 0.8 * size


CHECK = Check("compression", "whether streams are compressed", probe, verdict)
