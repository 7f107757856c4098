"""From target to target until one answers: the same one again, the next one, or two side by side.

What is done after a failure is decided in policy/retry, whether two run side by side in policy/hedging.
"""

import asyncio
import contextlib
import random
import time
from typing import Generic

from sealink.errors import InvalidRequest, SealinkError
from sealink.gateway.account import Account
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.delivery.client_stream import ClientStream
from sealink.gateway.failover.attempt import A, Operation
from sealink.gateway.failover.attempt_record import AttemptRecord
from sealink.gateway.failover.hedged_attempts import HedgedAttempts
from sealink.gateway.services import Services
from sealink.policy.health import Candidate, arrange
from sealink.policy.retry import Next, after, wait_s


class Failover(Generic[A]):
    """All attempts of one exchange at one operation."""

    def __init__(
        self,
        operation: Operation[A],
        admitted: AdmittedRequest,
        services: Services,
        account: Account,
        client: ClientStream,
    ) -> None:
        self._operation = operation
        self._request = admitted.request
        self._services = services
        self._account = account
        self._client = client
        arranged = _arranged(admitted, services)
        account.first_choice = arranged[0].target
        self._candidates = _healthy_first(arranged) if len(arranged) > 1 else arranged
        can_hedge = admitted.request.head.stream and len(self._candidates) > 1
        self._hedge_after_s = admitted.route.hedge_after_s if can_hedge else 0.0
        if self._hedge_after_s:
            services.hedging.request()

    async def first_to_answer(self) -> AttemptRecord[A]:
        """The attempt that has brought its first content, or its whole answer. Raises the last one's SealinkError."""
        services, tries = self._services, 0
        while True:
            tries += 1
            try:
                return await (self._try_hedged() if self._hedge_after_s and self._has_next else self._try())
            except SealinkError as error:
                if self._client.abandoned:
                    raise  # an answer is read on for its usage, not begun anew
                has_time = self._has_next and self._request.time_left_s(self._candidates[1].target) > 0
                step = after(error, tries=tries, has_next=has_time, settings=services.retry, now=time.time())
                if step is Next.NEXT_TARGET:
                    self._candidates.pop(0)
                    tries = 0
                elif step is Next.SAME_TARGET and services.retry_budget.take():
                    await asyncio.sleep(self._wait_s(error, tries))
                    if self._client.abandoned:
                        raise
                else:
                    raise

    @property
    def _has_next(self) -> bool:
        return len(self._candidates) > 1

    def _wait_s(self, error: SealinkError, tries: int) -> float:
        return wait_s(error, tries=tries, settings=self._services.retry, jitter=random.random(), now=time.time())

    async def _try(self) -> AttemptRecord[A]:
        record = self._begin(self._candidates[0])
        try:
            await record.attempt.answer()
        except SealinkError as error:
            record.failed(error)
            raise
        except asyncio.CancelledError:
            record.cancelled()
            raise
        record.answered()
        return record

    async def _try_hedged(self) -> AttemptRecord[A]:
        """As `_try`, and if no content comes for a while the next target beside it, once for each request."""
        with HedgedAttempts[A]() as hedged:
            hedged.run(self._begin(self._candidates[0]))
            if not await hedged.one_is_done(self._hedge_after_s):
                self._hedge(hedged)
            try:
                winner = await hedged.winner()
            except SealinkError:
                for record in hedged.failed[:-1]:
                    self._candidates.remove(record.candidate)
                raise
            winner.answered()
            return winner

    def _hedge(self, hedged: HedgedAttempts[A]) -> None:
        second, now = self._candidates[1], time.monotonic()
        if self._client.abandoned or not self._services.hedging.may_begin(second.health.breaker, now):
            return
        self._hedge_after_s = 0.0
        with contextlib.suppress(InvalidRequest):  # the second does not support this request: the first goes on alone
            hedged.run(self._begin(second))
            self._account.mark("hedged")

    def _begin(self, candidate: Candidate) -> AttemptRecord[A]:
        services, account = self._services, self._account
        attempt = self._operation.attempt(self._request, candidate.target, services.pool, account.mark)
        return AttemptRecord(attempt, candidate, account)


def _arranged(admitted: AdmittedRequest, services: Services) -> list[Candidate]:
    """The model's targets in the order to try them, were all of them healthy."""
    route = admitted.route
    candidates = [Candidate(target, services.health.of(target)) for target in route.targets]
    return candidates if len(candidates) == 1 else arrange(candidates, route.choose, random.random())


def _healthy_first(candidates: list[Candidate]) -> list[Candidate]:
    now = time.monotonic()
    return sorted(candidates, key=lambda candidate: not candidate.health.breaker.allows(now))
