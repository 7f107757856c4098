"""From target to target until one answers: the same again, the next, or two side by side, as the policy has it."""

import asyncio
import contextlib
import random
import time
from typing import Generic

from sealink.errors import InvalidRequest, SealinkError
from sealink.gateway.account import Account
from sealink.gateway.attempt import ClientRequest
from sealink.gateway.call import AdmittedRequest, Services
from sealink.gateway.client_stream import ClientStream
from sealink.gateway.race import Race
from sealink.gateway.trial import A, Trial
from sealink.policy.health import Candidate, arrange
from sealink.policy.retry import Next, after, wait_s


class Attempts(Generic[A]):
    """One exchange's attempts, all of one kind: streamed or whole."""

    def __init__(
        self, kind: type[A], call: AdmittedRequest, shared: Services, account: Account, client: ClientStream
    ) -> None:
        self._kind = kind
        self._asked = ClientRequest(call.request_id, call.client, call.head, call.is_strict)
        self._shared = shared
        self._account = account
        self._client = client
        arranged = _arranged(call, shared)
        account.first_choice = arranged[0].target
        self._line = _sick_ones_last(arranged) if len(arranged) > 1 else arranged
        self._hedge_after_s = call.route.hedge_after_s if call.head.stream and len(self._line) > 1 else 0.0
        if self._hedge_after_s:
            shared.hedging.request()

    async def first_to_answer(self) -> A:
        """The attempt that has brought its first content, or its whole answer. Raises the last one's SealinkError."""
        shared, tries = self._shared, 0
        while True:
            tries += 1
            try:
                return await (self._race() if self._hedge_after_s and len(self._line) > 1 else self._try())
            except SealinkError as error:
                if self._client.abandoned:
                    raise  # it is read on for its usage, not begun anew
                step = after(error, tries=tries, has_next=self._has_next, settings=shared.retry, now=time.time())
                if step is Next.NEXT_TARGET:
                    self._line.pop(0)
                    tries = 0
                elif step is Next.SAME_TARGET and shared.retry_budget.take():
                    await asyncio.sleep(self._wait_s(error, tries))
                    if self._client.abandoned:
                        raise
                else:
                    raise

    @property
    def _has_next(self) -> bool:
        """Whether there is another target, and time for it."""
        return len(self._line) > 1 and self._asked.time_left_s(self._line[1].target) > 0

    def _wait_s(self, error: SealinkError, tries: int) -> float:
        return wait_s(error, tries=tries, settings=self._shared.retry, jitter=random.random(), now=time.time())

    async def _try(self) -> A:
        trial = self._begin(self._line[0])
        try:
            await trial.attempt.answer()
        except SealinkError as error:
            trial.failed(error)
            raise
        except asyncio.CancelledError:
            trial.cancelled()
            raise
        trial.answered()
        return trial.attempt

    async def _race(self) -> A:
        """As `_try`, and if no content has come for a while the next target beside it, once for each request."""
        with Race[A]() as race:
            race.enter(self._begin(self._line[0]))
            if not await race.is_over(self._hedge_after_s):
                self._hedge(race)
            try:
                winner = await race.winner()
            except SealinkError:
                for trial in race.failed[:-1]:
                    self._line.remove(trial.candidate)
                raise
            winner.answered()
            return winner.attempt

    def _hedge(self, race: Race[A]) -> None:
        second, now = self._line[1], time.monotonic()
        if self._client.abandoned or not self._shared.hedging.may_begin(second.health.breaker, now):
            return
        self._hedge_after_s = 0.0
        with contextlib.suppress(InvalidRequest):  # it cannot be told this request: the first goes on alone
            race.enter(self._begin(second))
            self._account.mark("hedged")

    def _begin(self, candidate: Candidate) -> Trial[A]:
        attempt = self._kind(self._asked, candidate.target, self._shared.pool, self._account.mark)
        return Trial(attempt, candidate, self._account)


def _arranged(call: AdmittedRequest, shared: Services) -> list[Candidate]:
    """The model's targets in the order to try them, were all of them well."""
    route = call.route
    known = [Candidate(target, shared.health.of(target)) for target in route.targets]
    return known if len(known) == 1 else arrange(known, route.choose, random.random())


def _sick_ones_last(candidates: list[Candidate]) -> list[Candidate]:
    now = time.monotonic()
    return sorted(candidates, key=lambda candidate: not candidate.health.breaker.allows(now))
