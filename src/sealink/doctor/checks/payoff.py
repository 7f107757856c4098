"""How long must a reply be for streaming to pay here?

Streaming saves the wait between the first token and the last. Less than a second of it is not missed: up to there a
reader's thought is not interrupted (Nielsen, Usability Engineering, 1993, ch. 5).
"""

import asyncio
from typing import Any, Final

import msgspec

from sealink.benchmark.chat_stream import completion_tokens
from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, parsed
from sealink.doctor.session import PROMPT, Session
from sealink.doctor.verdict import Verdict

NOTICED_S: Final = 1.0
_FEWEST_TOKENS: Final = 10


class Waits(msgspec.Struct, frozen=True):
    """One reply, streamed and whole: the wait for the first token, for the last, and for the whole answer; `tokens` of
    the streamed and of the whole reply, 0 where they are unknown."""

    ttft_s: float | None
    streamed_s: float
    streamed_tokens: int
    whole_s: float
    whole_tokens: int

    @property
    def tokens_per_s(self) -> float | None:
        """The pace of the stream; None where it is too short to tell, or came at once."""
        if self.ttft_s is None or self.streamed_tokens < _FEWEST_TOKENS or self.streamed_s - self.ttft_s < 0.05:
            return None
        return (self.streamed_tokens - 1) / (self.streamed_s - self.ttft_s)


async def probe(session: Session) -> Waits:
    if session.is_sim:
        came, whole = await asyncio.gather(session.stream(PROMPT), session.whole(PROMPT))
        stream = parsed(came)
    else:
        (came, stream), whole = await asyncio.gather(session.paced(), session.whole(PROMPT))
    streamed_tokens = completion_tokens(stream.usage) or len(stream.chunks)
    return Waits(stream.first_text_s, came.ended_s, streamed_tokens, whole.ended_s, _of_whole(whole))


def _of_whole(whole: Reception) -> int:
    try:
        return completion_tokens(msgspec.json.decode(whole.body, type=dict[str, Any]).get("usage"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


def verdict(found: Waits, way: Way) -> Verdict:
    pace = found.tokens_per_s
    if found.ttft_s is None:
        return Verdict("untested", "No text came.")
    figures: dict[str, float | str | None] = {
        "ttft_ms": round(found.ttft_s * 1000), "whole_ms": round(found.whole_s * 1000)
    }  # fmt: skip
    words = f"The first token comes after {found.ttft_s:.2f} s, the whole answer at once after {found.whole_s:.2f} s. "
    if pace is None:
        return Verdict(
            "fact", f"{words}The reply was too short, or came too fast, to tell when streaming pays.", figures=figures
        )
    overhead_s = found.whole_s - found.whole_tokens / pace
    fewest = max(1, round(pace * (NOTICED_S + found.ttft_s - overhead_s)))
    figures |= {"tokens_per_s": round(pace, 1), "pays_from_tokens": fewest}
    words += f"Streaming saves a second from about {fewest} tokens on; shorter replies may as well be read whole."
    return Verdict("fact", words, figures=figures)


CHECK = Check("payoff", "from which length streaming pays", probe, verdict)
