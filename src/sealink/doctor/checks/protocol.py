"""Which HTTP is spoken, over which TLS, and are connections kept?"""

import asyncio

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.checks.plain_http import PlainAnswer, offers_http2, plain_exchange
from sealink.doctor.intermediaries import Way
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict


class Spoken(msgspec.Struct, frozen=True):
    """The answer to a request for the list of models, and whether the server would speak HTTP/2 as well."""

    answer: PlainAnswer
    offers_http2: bool


async def probe(session: Session) -> Spoken:
    return Spoken(
        await asyncio.to_thread(plain_exchange, session.listing(), "gzip", session.plan.answer_s),
        await asyncio.to_thread(offers_http2, session.url, session.plan.connect_s),
    )


def verdict(found: Spoken, way: Way) -> Verdict:
    answer = found.answer
    coding = answer.headers.get("content-encoding", "identity")
    figures: dict[str, float | str | None] = {
        "http": answer.version,
        "http2": "offered" if found.offers_http2 else "not offered",
        "tls": answer.tls or None,
        "keep_alive": "yes" if answer.keeps_alive else "no",
        "json_encoding": coding,
    }
    words = [
        f"HTTP/{answer.version}{' (HTTP/2 is offered)' if found.offers_http2 else ''}",
        answer.tls or "no TLS",
        "connections are kept" if answer.keeps_alive else "each request needs a new connection",
        "JSON is not compressed" if coding == "identity" else f"JSON is compressed ({coding})",
    ]
    return Verdict("fact", f"{', '.join(words)}.", figures=figures)


CHECK = Check("protocol", "HTTP version, TLS, keep-alive", probe, verdict)
