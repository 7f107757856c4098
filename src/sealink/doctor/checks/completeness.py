"""Does every token come, once, in order and in a chunk of its own? Does the stream end as it should?"""

import msgspec

from sealink.benchmark.chat_stream import texts
from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception, Stream
from sealink.doctor.session import Session
from sealink.doctor.tokens import tokens_of
from sealink.doctor.verdict import Verdict
from sealink.sim.probe import stamps


class Received(msgspec.Struct, frozen=True):
    """The paced stream, and how many tokens were asked for: 0 where the model is not the simulated one."""

    came: Reception
    stream: Stream
    wanted: int


async def probe(session: Session) -> Received:
    came, stream = await session.paced()
    return Received(came, stream, sum(count for count, _ in session.plan.paced) if session.is_sim else 0)


def verdict(found: Received, way: Way) -> Verdict:
    fault = _fault(found)
    if fault:
        return Verdict("failure", fault, way.change("idle") if found.came.error else "")
    many = f"All {found.wanted} tokens" if found.wanted else "The chunks"
    return Verdict("ok", f"{many} came in order, then the finish reason and [DONE].")


def _fault(found: Received) -> str:
    """What is wrong with the stream, "" if nothing is."""
    came, stream = found.came, found.stream
    if came.status != 200:
        return f"A stream was answered with status {came.status}."
    if came.error is not None:
        return f"The stream was cut after {came.ended_s:.1f} s: {came.error.message}"
    if stream.error is not None:
        return f"The stream ended with an error: {stream.error['error']}"
    if stream.unreadable:
        return f"{len(stream.unreadable)} chunks cannot be read, the first is {stream.unreadable[0][:60]!r}."
    return _fault_of_tokens(found) or _fault_of_end(stream)


def _fault_of_tokens(found: Received) -> str:
    numbers = [token.number for token in tokens_of(found.stream)]
    if found.wanted and numbers != list(range(found.wanted)):
        return f"Of {found.wanted} tokens {len(set(numbers))} came, or in another order, or altered."
    most = max((sum(len(stamps(text)) for text in texts(chunk.payload)) for chunk in found.stream.chunks), default=0)
    return f"Tokens are merged: up to {most} in one chunk." if most > 1 else ""


def _fault_of_end(stream: Stream) -> str:
    if len(stream.finish_reasons) != 1:
        return f"{len(stream.finish_reasons)} finish reasons came instead of one: clients take the answer for cut."
    return "" if stream.done_s is not None else "The stream ends without [DONE]."


CHECK = Check("completeness", "whether every token comes, and the end", probe, verdict)
