"""The doctor names what each broken way does to streams, and nothing else."""

import asyncio
from collections.abc import Callable

import pytest

from doctor.ways import (
    BuffersBySize,
    BuffersByTime,
    Compresses,
    CompressesWithoutFlushing,
    Cuts,
    DropsHeartbeats,
    HidesErrors,
    HidesUsage,
    Merges,
    NeverClosesUpstream,
    Proxy,
    SaysPlainText,
    way,
)
from sealink.doctor.checks import CHECKS
from sealink.doctor.diagnosis import diagnose, exit_code
from sealink.doctor.plan import Plan
from sealink.doctor.session import Session
from sealink.doctor.verdict import Finding
from sealink.net.client import UpstreamPool

SHORT = Plan(
    paced=((20, 0.05), (100, 0.01)),
    compressible=((10, 0.05),),
    silence_s=2.0,
    leave_patience_s=1.5,
    body_sizes=(900_000,),
)
"""As thorough as the real one, and quicker."""

Wrong = dict[str, str]
FAULTS: dict[Callable[[str], Proxy], Wrong] = {
    Proxy: {},
    BuffersBySize: {"buffering": "failure"},
    BuffersByTime: {"buffering": "failure"},
    Compresses: {"compression": "warning"},
    CompressesWithoutFlushing: {"compression": "failure"},
    DropsHeartbeats: {"heartbeats": "warning"},
    NeverClosesUpstream: {"leaving": "warning"},
    HidesUsage: {"usage": "warning"},
    HidesErrors: {"errors": "warning"},
    Cuts: {"completeness": "failure", "usage": "warning"},
    Merges: {"completeness": "failure"},
    SaysPlainText: {"headers": "failure"},
}


HOLDS_TOKENS = (BuffersBySize,)
"""Where the token before a silence comes after it, nothing is said about heartbeats."""


async def examined(kind: Callable[[str], Proxy]) -> list[Finding]:
    pool = UpstreamPool()
    try:
        async with way(kind) as url:
            session = Session(url, "", SHORT, pool)
            await session.open("")
            assert session.is_sim
            return [finding async for finding in diagnose(session, CHECKS, SHORT.limit_s)]
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def diagnoses() -> dict[Callable[[str], Proxy], list[Finding]]:
    """Of all ways, at the same time: so each is measured on a machine that is busy with the others."""

    async def all_of_them() -> list[list[Finding]]:
        return await asyncio.gather(*map(examined, FAULTS))

    return dict(zip(FAULTS, asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_it_names_the_fault_and_nothing_else(
    kind: Callable[[str], Proxy], diagnoses: dict[Callable[[str], Proxy], list[Finding]]
) -> None:
    found = diagnoses[kind]
    wrong = {each.check: each.verdict.level for each in found if each.verdict.level in ("warning", "failure")}
    assert wrong == FAULTS[kind], [each for each in found if each.check in wrong]
    untested = {each.check for each in found if each.verdict.level == "untested"}
    assert untested == ({"heartbeats"} if kind in HOLDS_TOKENS else set())
    assert len(found) == len(CHECKS)
    levels = set(FAULTS[kind].values())
    assert exit_code(found) == (2 if "failure" in levels else 1 if levels else 0)


def words_of(found: list[Finding], check: str) -> str:
    (finding,) = [each for each in found if each.check == check]
    return f"{finding.verdict.words} {finding.verdict.change}"


def test_a_buffer_is_named_by_what_empties_it(diagnoses: dict[Callable[[str], Proxy], list[Finding]]) -> None:
    assert "about 16 KiB are collected" in words_of(diagnoses[BuffersBySize], "buffering")
    assert "every 5" in words_of(diagnoses[BuffersByTime], "buffering")


def test_each_fault_has_a_line_to_change(diagnoses: dict[Callable[[str], Proxy], list[Finding]]) -> None:
    for kind, check in [(BuffersBySize, "buffering"), (Compresses, "compression"), (NeverClosesUpstream, "leaving")]:
        assert "nginx" in words_of(diagnoses[kind], check) or "SeaLink" in words_of(diagnoses[kind], check)
