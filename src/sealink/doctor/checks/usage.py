"""Does the usage come, in the last frame, when it is asked for?"""

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Stream
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict


async def probe(session: Session) -> Stream:
    _, stream = await session.paced()
    return stream


def verdict(found: Stream, way: Way) -> Verdict:
    usage = found.usage
    if not found.chunks:
        return Verdict("untested", "No chunk came.")
    if usage is None and found.done_s is None:
        return Verdict("untested", "The stream has no proper end: see completeness.")
    if usage is None:
        words = "stream_options.include_usage was asked for, and no usage came: what a stream costs stays hidden."
        return Verdict("warning", words, "pass stream_options on, and the last chunk, whose choices are empty")
    figures: dict[str, float | str | None] = {
        name: usage[name] for name in ("prompt_tokens", "completion_tokens") if isinstance(usage.get(name), int)
    }
    last = found.chunks[-1].payload
    if not isinstance(last.get("usage"), dict) or last.get("choices"):
        return Verdict("fact", "The usage comes, but not in a last chunk of its own, as at OpenAI.", figures=figures)
    counts = f"{figures.get('prompt_tokens', '?')} tokens in, {figures.get('completion_tokens', '?')} out"
    return Verdict("ok", f"The usage comes in the last chunk: {counts}.", figures=figures)


CHECK = Check("usage", "whether the usage comes", probe, verdict)
