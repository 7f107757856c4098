"""Do the headers arrive that tell proxies to leave a stream alone?"""

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict

EVENT_STREAM = "text/event-stream"


async def probe(session: Session) -> dict[str, str]:
    came, _ = await session.paced()
    return came.headers


def verdict(found: dict[str, str], way: Way) -> Verdict:
    kind, cache = found.get("content-type", ""), found.get("cache-control", "")
    accel = found.get("x-accel-buffering", "")
    figures: dict[str, float | str | None] = {
        "content_type": kind, "cache_control": cache or None, "x_accel_buffering": accel or None
    }  # fmt: skip
    if not kind.lower().startswith(EVENT_STREAM):
        words = f"A stream has the content type {kind or 'none'!r}: browsers and some clients will not read it."
        return Verdict("failure", words, f"content-type: {EVENT_STREAM} must be left as it is", figures)
    missing = [] if accel == "no" else ["x-accel-buffering: no"]
    missing += [] if "no-transform" in cache else ["cache-control: no-transform"]
    if not missing:
        return Verdict("ok", "cache-control and x-accel-buffering arrive.", figures=figures)
    words = f"{' and '.join(missing)} did not arrive: not sent, or used up on the way, as nginx does with the first."
    return Verdict("fact", words, figures=figures)


CHECK = Check("headers", "whether the headers of a stream arrive", probe, verdict)
