"""Do errors come with their status, in the shape that clients read?"""

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception
from sealink.doctor.session import PROMPT, Session, error_words
from sealink.doctor.verdict import Verdict


async def probe(session: Session) -> Reception:
    """A request whose messages are none."""
    body = msgspec.json.encode({"model": session.model, "messages": "none", "stream": True})
    return await session.exchange(msgspec.structs.replace(session.asking(PROMPT), body=body))


def verdict(found: Reception, way: Way) -> Verdict:
    words, kind = error_words(found.body), found.headers.get("content-type", "none")
    figures: dict[str, float | str | None] = {"status": found.status, "content_type": kind}
    if found.status < 400:
        said = f"A request that is wrong was answered with status {found.status}: clients do not notice the error."
        return Verdict("warning", said, way.change("errors"), figures)
    if not words:
        said = f"An error ({found.status}) comes as {kind}, not in OpenAI's shape: its message is lost."
        return Verdict("warning", said, way.change("errors"), figures)
    return Verdict("ok", f"An error comes as status {found.status} in OpenAI's shape.", figures=figures)


CHECK = Check("errors", "whether errors come as they are", probe, verdict)
