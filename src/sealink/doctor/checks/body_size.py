"""How large may a request be?

The requests lack their messages, so that no model is asked: whoever reads them answers 400, or 422 as FastAPI does.
"""

import asyncio
from typing import Final

import msgspec

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.session import PROMPT, Session
from sealink.doctor.verdict import Verdict
from sealink.errors import SealinkError

_READ: Final = (400, 422)


class Passed(msgspec.Struct, frozen=True):
    """The largest body that was read, and the first that was not, in bytes; 0: there is none. `refused_by` says how;
    `is_all`: none was refused."""

    largest: int = 0
    refused: int = 0
    refused_by: str = ""
    is_all: bool = False


async def probe(session: Session) -> Passed:
    clock = asyncio.get_running_loop().time
    until_s, largest = clock() + session.plan.body_s, 0
    for size in session.plan.body_sizes:
        try:
            status = await _status(session, size, until_s - clock())
        except SealinkError as error:
            return Passed(largest) if clock() >= until_s else Passed(largest, size, error.message)
        if status not in _READ:
            return Passed(largest, size, f"status {status}")
        largest = size
    return Passed(largest, is_all=True)


async def _status(session: Session, size: int, most_s: float) -> int:
    body = msgspec.json.encode({"model": session.model, "padding": "x" * size})
    request = msgspec.structs.replace(session.asking(PROMPT), body=body)
    return (await session.exchange(request, most_s=max(most_s, 0.1))).status


def verdict(found: Passed, way: Way) -> Verdict:
    figures: dict[str, float | str | None] = {"passes_bytes": found.largest, "refused_bytes": found.refused or None}
    words = f"Requests of {_mb(found.largest)} pass" if found.largest else "No large request passed"
    if found.refused:
        words += f", one of {_mb(found.refused)} does not: {found.refused_by}"
    if found.is_all:
        words += "; larger ones were not tried"
    return Verdict("fact", f"{words.rstrip('.')}.", figures=figures)


def _mb(size: int) -> str:
    return f"{size / 1e6:g} MB"


CHECK = Check("body_size", "how large a request may be", probe, verdict)
