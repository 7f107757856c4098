"""All checks of an endpoint, in order and in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sealink.doctor.check import Check
from sealink.doctor.session import Session
from sealink.doctor.verdict import EXIT_CODES, Finding, Verdict
from sealink.errors import SealinkError


async def diagnose(session: Session, checks: Sequence[Check[Any]], limit_s: float) -> AsyncIterator[Finding]:
    """The findings, as they are made. Quiet checks, which only wait, run beside the others; all others one by one, for
    they measure times. What is not done after `limit_s` is `untested`."""
    until_s = asyncio.get_running_loop().time() + limit_s
    quiet = [asyncio.create_task(_finding(session, check, until_s)) for check in checks if check.is_quiet]
    try:
        for check in checks:
            if not check.is_quiet:
                yield await _finding(session, check, until_s)
        for waiting in asyncio.as_completed(quiet):
            yield await waiting
    finally:
        for task in quiet:
            task.cancel()


async def _finding(session: Session, check: Check[Any], until_s: float) -> Finding:
    try:
        async with asyncio.timeout_at(until_s):
            found = await check.probe(session)
    except TimeoutError:
        return Finding(check.name, Verdict("untested", "There was no time left for it."))
    except SealinkError as error:
        return Finding(check.name, Verdict("untested", error.message))
    return Finding(check.name, check.verdict(found, session.way))


def exit_code(findings: Sequence[Finding]) -> int:
    """0: green. 1: warnings. 2: streams are broken."""
    return max((EXIT_CODES[finding.verdict.level] for finding in findings), default=0)
