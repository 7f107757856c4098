"""The doctor names what each broken way does to streams, and nothing else."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from doctor.ways import (
    BuffersBySize,
    BuffersByTime,
    Compresses,
    CompressesWithoutFlushing,
    Cuts,
    DropsHeartbeats,
    GivesUpSilence,
    HidesErrors,
    HidesUsage,
    Merges,
    NeverClosesUpstream,
    OneStream,
    Proxy,
    SaysPlainText,
    serving,
    way,
)
from sealink.doctor.check import Check
from sealink.doctor.checks import CHECKS, LONG_CHECKS
from sealink.doctor.diagnosis import diagnose, exit_code
from sealink.doctor.plan import Plan
from sealink.doctor.session import Session
from sealink.doctor.verdict import Finding
from sealink.net.client import UpstreamPool
from sealink.net.message import Request, Responder
from sealink.net.server import Handler

SHORT = Plan(
    paced=((20, 0.05), (100, 0.01)),
    compressible=((10, 0.05),),
    silence_s=2.0,
    after_silence=((1, 0.2),),
    leave_patience_s=3.0,
    body_sizes=(900_000,),
)
"""As thorough as the real one, and quicker."""
AT_A_TIME = 5

TOO_BUSY = {"buffering"}
"""What a machine that is too busy does not judge: it says so, rather than to raise a false alarm."""

Wrong = dict[str, str]
FAULTS: dict[Callable[[str], Proxy], Wrong] = {
    Proxy: {},
    OneStream: {},
    BuffersBySize: {"buffering": "failure"},
    BuffersByTime: {"buffering": "failure"},
    Compresses: {"compression": "warning"},
    CompressesWithoutFlushing: {"compression": "failure"},
    DropsHeartbeats: {"heartbeats": "warning"},
    NeverClosesUpstream: {"leaving": "warning"},
    HidesUsage: {"usage": "warning"},
    HidesErrors: {"errors": "warning"},
    Cuts: {"completeness": "failure"},
    Merges: {"completeness": "failure"},
    SaysPlainText: {"headers": "failure"},
    GivesUpSilence: {"heartbeats": "failure"},
}


UNTESTED: dict[Callable[[str], Proxy], set[str]] = {BuffersBySize: {"heartbeats"}, Cuts: {"usage"}}
"""What follows from the fault is not a fault of its own: where the token before a silence comes after it, nothing is
said about heartbeats, and a stream that is cut has no usage."""


async def examined(
    kind: Callable[[str], Proxy], checks: Sequence[Check[Any]] = CHECKS, plan: Plan = SHORT
) -> list[Finding]:
    """What doctor finds out about such a way to the simulated model."""
    async with way(kind) as url:
        return await diagnosed(url, checks, plan)


async def diagnosed(url: str, checks: Sequence[Check[Any]], plan: Plan, key: str = "") -> list[Finding]:
    pool = UpstreamPool()
    try:
        session = Session(url, key, plan, pool)
        await session.open("")
        return [finding async for finding in diagnose(session, checks, plan.limit_s)]
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def diagnoses() -> dict[Callable[[str], Proxy], list[Finding]]:
    """Of all ways, several at the same time, in one process that is busy with all of them."""

    async def all_of_them() -> list[list[Finding]]:
        places = asyncio.Semaphore(AT_A_TIME)

        async def in_turn(kind: Callable[[str], Proxy]) -> list[Finding]:
            async with places:
                return await examined(kind)

        return await asyncio.gather(*map(in_turn, FAULTS))

    return dict(zip(FAULTS, asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_it_names_the_fault_and_nothing_else(
    kind: Callable[[str], Proxy], diagnoses: dict[Callable[[str], Proxy], list[Finding]]
) -> None:
    found = diagnoses[kind]
    wrong = {each.check: each.verdict.level for each in found if each.verdict.level in ("warning", "failure")}
    assert wrong == FAULTS[kind], [each for each in found if each.check in wrong]
    untested = {each.check for each in found if each.verdict.level == "untested"}
    assert untested - TOO_BUSY == UNTESTED.get(kind, set())
    assert len(found) == len(CHECKS)
    levels = set(FAULTS[kind].values())
    assert exit_code(found) == (2 if "failure" in levels else 1 if levels else 0)


def words_of(found: list[Finding], check: str) -> str:
    (finding,) = [each for each in found if each.check == check]
    return f"{finding.verdict.words} {finding.verdict.change}"


def test_a_buffer_is_named_by_what_empties_it(diagnoses: dict[Callable[[str], Proxy], list[Finding]]) -> None:
    assert "about 16 KiB are collected" in words_of(diagnoses[BuffersBySize], "buffering")
    assert "passed on every" in words_of(diagnoses[BuffersByTime], "buffering")


def test_each_fault_has_a_line_to_change(diagnoses: dict[Callable[[str], Proxy], list[Finding]]) -> None:
    for kind, check in [(BuffersBySize, "buffering"), (Compresses, "compression"), (NeverClosesUpstream, "leaving")]:
        assert "nginx" in words_of(diagnoses[kind], check) or "SeaLink" in words_of(diagnoses[kind], check)


@pytest.mark.parametrize(
    ("kind", "level", "words"),
    [
        (Proxy, "ok", "A stream survives 2 s of silence; an answer that is not streamed survives too."),
        (GivesUpSilence, "failure", "a stream is cut after"),
    ],
)
def test_long_silences(kind: Callable[[str], Proxy], level: str, words: str) -> None:
    (found,) = asyncio.run(examined(kind, LONG_CHECKS, msgspec.structs.replace(SHORT, long_silence_s=2.0)))
    assert (found.check, found.verdict.level) == ("idle_timeout", level)
    assert words in found.verdict.words


def chunk(**delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
    return b"data: " + msgspec.json.encode({"id": "a", "choices": [choice]}) + b"\n\n"


def model(at_once: bool) -> Handler:
    """A model that does not know what a probe is."""

    async def handler(request: Request, responder: Responder) -> None:
        if request.method != "POST":
            responder.send(200, [], b'{"object":"list","data":[{"id":"real"}]}')
        elif b'"stream":true' not in request.body:
            responder.send(200, [], b'{"choices":[{"message":{"content":"word"}}],"usage":{"completion_tokens":40}}')
        elif b'"none"' in request.body:
            responder.send(400, [("content-type", "application/json")], b'{"error":{"message":"No messages."}}')
        else:
            responder.start(200, [("content-type", "text/event-stream")])
            await asyncio.sleep(1.1 if at_once else 0)
            for _ in range(40):
                responder.write(chunk(content="word "))
                await asyncio.sleep(0 if at_once else 0.01)
            usage = b'data: {"id":"a","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":40}}\n\n'
            responder.finish(chunk() + usage + b"data: [DONE]\n\n")

    return handler


@pytest.mark.parametrize("at_once", [False, True])
def test_a_model_that_is_not_the_simulated_one(at_once: bool) -> None:
    async def scenario() -> list[Finding]:
        async with serving(model(at_once)) as url:
            return await diagnosed(f"{url}/v1", CHECKS, SHORT)

    found = {each.check: each.verdict for each in asyncio.run(scenario())}
    assert {name: each.level for name, each in found.items() if each.level in ("warning", "failure")} == (
        {"buffering": "warning"} if at_once else {}
    )
    untested = {name for name, each in found.items() if each.level == "untested"}
    assert untested == {"heartbeats", "leaving"}
