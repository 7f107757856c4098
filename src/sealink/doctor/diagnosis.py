"""All checks of an endpoint, in order and in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sealink.doctor.check import Check
from sealink.doctor.session import Session
from sealink.doctor.verdict import EXIT_CODES, NO_TIME, Finding, Verdict
from sealink.errors import RateLimited, SealinkError

_NOTICED_S: Final = 0.2


async def diagnose(session: Session, checks: Sequence[Check[Any]], limit_s: float) -> AsyncIterator[Finding]:
    """The findings, as they are made. Quiet checks, which only wait, run beside the others; all others one by one, for
    they measure times. What is not done after `limit_s` is `untested`."""
    run = _Run(session, limit_s)
    quiet = [check for check in checks if check.is_quiet]
    run.begin(quiet)
    try:
        for check in checks:
            if not check.is_quiet:
                yield await run.finding(check)
        async for finding in run.rest(quiet):
            yield finding
    finally:
        run.stop()


class _Run:
    """One diagnosis under way. A key may allow one stream at a time: then the quiet checks are put off."""

    def __init__(self, session: Session, limit_s: float) -> None:
        self._session = session
        self._until_s = asyncio.get_running_loop().time() + limit_s
        self._beside: list[asyncio.Task[Finding]] = []

    def begin(self, quiet: Sequence[Check[Any]]) -> None:
        self._beside = [asyncio.create_task(self._judged(check)) for check in quiet]

    def stop(self) -> None:
        for task in self._beside:
            task.cancel()
        self._beside = []

    async def finding(self, check: Check[Any]) -> Finding:
        try:
            return await self._found(check)
        except RateLimited:
            await self._put_off()
        return await self._judged(check)

    async def _put_off(self) -> None:
        """End what runs beside, and give the other end a moment to notice."""
        tasks = self._beside
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(_NOTICED_S)

    async def rest(self, quiet: Sequence[Check[Any]]) -> AsyncIterator[Finding]:
        """The findings of the quiet checks, which are begun now if they were put off."""
        if not self._beside:
            self.begin(quiet)
        for waiting in asyncio.as_completed(self._beside):
            yield await waiting

    async def _judged(self, check: Check[Any]) -> Finding:
        try:
            return await self._found(check)
        except RateLimited as error:
            return Finding(check.name, Verdict("untested", f"The key's limit is reached (429): {error.message}"))

    async def _found(self, check: Check[Any]) -> Finding:
        """Raises RateLimited."""
        try:
            async with asyncio.timeout_at(self._until_s):
                found = await check.probe(self._session)
        except TimeoutError:
            return Finding(check.name, Verdict("untested", NO_TIME))
        except RateLimited:
            raise
        except SealinkError as error:
            return Finding(check.name, Verdict("untested", error.message))
        return Finding(check.name, check.verdict(found, self._session.way))


def exit_code(findings: Sequence[Finding]) -> int:
    """0: green. 1: warnings. 2: streams are broken."""
    return max((EXIT_CODES[finding.verdict.level] for finding in findings), default=0)
