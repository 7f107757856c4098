"""From target to target until one answers: the same one again, the next one, or two side by side.

The first attempt needs no task. Only when it fails, or when two run side by side, does a coroutine go on from there.
What is done after a failure is decided in policy/retry, whether two run side by side in policy/hedging.
"""

import asyncio
import contextlib
import random
import time
from typing import Any, Generic, Protocol

from sealink.errors import InvalidRequest, SealinkError
from sealink.gateway.account import Account
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.delivery.client_stream import ClientStream
from sealink.gateway.failover.attempt import A, Operation, Surroundings
from sealink.gateway.failover.attempt_record import AttemptRecord
from sealink.gateway.failover.hedged_attempts import HedgedAttempts
from sealink.gateway.services import Services
from sealink.policy.health import Candidate, arrange
from sealink.policy.retry import Next, after, wait_s


class Waiting(Protocol):
    """Who waits for the answer. One of these is called, once."""

    def answered(self, record: AttemptRecord[Any]) -> None:
        """The attempt that has brought its first content, or its whole answer."""

    def failed(self, error: SealinkError) -> None:
        """No target has answered; this is the last one's error."""

    def given_up(self) -> None:
        """The attempts were stopped."""

    def crashed(self, bug: Exception) -> None:
        """SeaLink has failed."""


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
        self._surroundings = Surroundings(services.pool, services.timers, account.mark)
        self._waiting: Waiting | None = None
        self._record: AttemptRecord[A] | None = None
        self._task: asyncio.Task[None] | None = None
        self._hedge_after_s = 0.0
        health, route = services.health, admitted.route
        self._candidates = candidates = [Candidate(target, health.of(target)) for target in route.targets]
        if len(candidates) > 1:
            candidates[:] = arrange(candidates, route.choose, random.random())
            account.first_choice = candidates[0].target
            self._prefer_healthy()
            self._hedge_after_s = route.hedge_after_s if admitted.request.head.stream else 0.0
        else:
            account.first_choice = candidates[0].target

    def start(self, waiting: Waiting) -> None:
        """Begin with the first target."""
        self._waiting = waiting
        if self._hedge_after_s:
            self._services.hedging.request()
            self._go_round(None)
            return
        try:
            record = self._record = self._begin(self._candidates[0])
        except SealinkError as error:
            self._go_round(error)
        else:
            record.attempt.start(self._first_ended)

    def stop(self) -> None:
        """Nobody waits for the answer any longer."""
        if self._task is not None:
            self._task.cancel()
        elif self._record is not None:
            self._record.cancelled()
            self._ended().given_up()

    def _first_ended(self, error: SealinkError | None) -> None:
        record, self._record = self._record, None
        assert record is not None
        if error is None:
            record.answered()
            self._ended().answered(record)
        else:
            record.failed(error)
            self._go_round(error)

    def _go_round(self, error: SealinkError | None) -> None:
        """From here on in a task: after the first attempt's `error`, or to try two targets side by side."""
        self._task = asyncio.get_running_loop().create_task(self._try_all(error))
        self._task.add_done_callback(self._task_done)

    def _task_done(self, _: asyncio.Task[None]) -> None:
        """One that is cancelled before its first step never comes to the `try` below."""
        if self._waiting is not None:
            self._ended().given_up()

    async def _try_all(self, error: SealinkError | None) -> None:
        try:
            record = await self.first_to_answer(error)
        except SealinkError as last:
            self._ended().failed(last)
        except asyncio.CancelledError:
            self._ended().given_up()
        except Exception as bug:  # noqa: BLE001 -- it is logged by the server
            self._ended().crashed(bug)
        else:
            self._ended().answered(record)

    def _ended(self) -> Waiting:
        waiting, self._waiting = self._waiting, None
        self._record = self._task = None
        assert waiting is not None
        return waiting

    async def first_to_answer(self, error: SealinkError | None = None) -> AttemptRecord[A]:
        """The attempt that has brought its first content, or its whole answer. Raises the last one's SealinkError.

        `error` is the first attempt's, where there has been one.
        """
        tries = 1
        while True:
            if error is not None:
                tries = await self._go_on(error, tries)
            try:
                return await (self._try_hedged() if self._hedge_after_s and self._has_next else self._try())
            except SealinkError as latest:
                error = latest

    async def _go_on(self, error: SealinkError, tries: int) -> int:
        """Returns, after a wait, when one more attempt is to be made: the how manieth of its target. Raises `error`."""
        services = self._services
        if self._client.abandoned:
            raise error  # an answer is read on for its usage, not begun anew
        has_time = self._has_next and self._request.time_left_s(self._candidates[1].target) > 0
        step = after(error, tries=tries, has_next=has_time, settings=services.retry, now=time.time())
        if step is Next.NEXT_TARGET:
            self._candidates.pop(0)
            return 1
        if step is not Next.SAME_TARGET or not services.retry_budget.take():
            raise error
        await asyncio.sleep(self._wait_s(error, tries))
        if self._client.abandoned:
            raise error
        return tries + 1

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

    def _prefer_healthy(self) -> None:
        """Those whose breaker is closed come first."""
        now = time.monotonic()
        self._candidates.sort(key=lambda candidate: not candidate.health.breaker.allows(now))

    def _begin(self, candidate: Candidate) -> AttemptRecord[A]:
        attempt = self._operation.attempt(self._request, candidate.target, self._surroundings)
        return AttemptRecord(attempt, candidate, self._account)
