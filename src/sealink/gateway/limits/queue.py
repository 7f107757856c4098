"""Requests in line: what a limit keeps out now may wait until it is let in.

    refused ──▶ in the line of that limit ──▶ its turn: does it fit now? ──▶ let in; it is the next one's turn
                      ▲                              │ no
                      └── the line rests until that ─┘
                          may have changed

Each request waits in a task of its own, before a byte is sent to its client. Of each line one at a time tries, so that
a line costs the same however long it is. Every process has its own lines.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable
from itertools import count
from typing import Final, Protocol

from sealink.errors import SealinkError
from sealink.gateway.limits.claim import Claim
from sealink.gateway.limits.refusal import Waited
from sealink.limits.subjects import Lease, Limit, Refusal
from sealink.policy.budgets import Fund
from sealink.policy.limits import Code
from sealink.policy.queueing import FairLine, Place, gives_way, look_again_s, may_wait

_MIN_REST_S: Final = 0.001
"""A timer that fires a little early must not make a line look again and again."""
FREED_BY_ENDS: Final[tuple[Code, ...]] = ("tokens", "concurrency")
"""What a request that ends gives back."""
ALL: Final[tuple[Code, ...]] = ("requests", "tokens", "concurrency", "requests_per_day")


class Counting(Protocol):
    """Who decides on claims."""

    async def ask(self, claim: Claim) -> Lease | Refusal:
        """Let it in, if it fits now."""

    async def look(self, claim: Claim) -> Refusal | None:
        """What would refuse it now; None: nothing. Nothing is counted."""

    def renew(self, claim: Claim) -> None:
        """Bring it up to date with keys and config. Raises the SealinkError of one that may not wait any longer."""


class Queue:
    """The lines of one process."""

    def __init__(self, counting: Counting) -> None:
        self.lines: dict[Limit, _Line] = {}
        """Those in which somebody waits."""
        self.max_queued = 0
        self.poll_s = 1.0
        self._counting = counting
        self._waiters: dict[Place, _Waiter] = {}
        self._of_keys: dict[str, dict[Place, _Waiter]] = {}
        """Those that have not to give way, by their keys, in the order in which they came."""
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiters)

    @property
    def waiting(self) -> Counter[tuple[str, str]]:
        """How many requests wait, by the code of the limit and by whose it is: `key`, `team` or `model`."""
        found = Counter[tuple[str, str]]()
        for limit, line in self.lines.items():
            found[limit.code, limit.of.partition(":")[0]] += len(line.places)
        return found

    async def admit(self, claim: Claim, queue_s: float, refusal: Refusal | None = None) -> Lease | Refusal:
        """What becomes of a request that may wait for so many seconds. `refusal`: what it was just refused by."""
        if refusal is None:
            is_behind = queue_s and self._line_ahead(claim) is not None
            found = await (self._counting.look(claim) if is_behind else self._counting.ask(claim))
            if isinstance(found, Lease):
                return found
            refusal = found
        if refusal is not None and not _is_worth_waiting(refusal, queue_s):
            return refusal
        waiter = self._enter(claim, queue_s)
        if waiter is None:
            claim.waited = "no room"
            return refusal or await self._counting.ask(claim)
        try:
            found = await self._wait(waiter, refusal)
            if isinstance(found, Lease) and waiter.limit is not None:
                self.lines[waiter.limit].places.has_had_turn(waiter.place.key)
            return found
        finally:
            self._leave(waiter)

    def freed(self, names: Iterable[str], codes: Iterable[Code] = ALL) -> None:
        """Something was given back under limits of these subjects: who waits for it tries at once."""
        for name in names:
            for code in codes:
                line = self.lines.get(Limit(name, code))
                if line is not None:
                    line.go_on()

    def renew(self) -> None:
        """Keys or the config have changed: who may not wait any longer is refused, and all lines try at once."""
        for waiter in list(self._waiters.values()):
            try:
                self._counting.renew(waiter.claim)
            except SealinkError as error:
                waiter.fail(error)
        for line in list(self.lines.values()):
            line.go_on()

    async def _wait(self, waiter: "_Waiter", refusal: Refusal | None) -> Lease | Refusal:
        """When its time is over, it is asked for a last time, whoever's turn it is."""
        while True:
            limit = self._next_line(waiter, refusal)
            if limit is not None:
                await self._turn(waiter, limit, refusal)
                refusal = None
                continue
            found = await self._counting.ask(waiter.claim)
            if isinstance(found, Lease) or not _is_worth_waiting(found, waiter.left_s):
                waiter.claim.waited = waiter.claim.waited or "in vain"
                return found
            refusal = found

    def _next_line(self, waiter: "_Waiter", refusal: Refusal | None) -> Limit | None:
        """The line of what has refused it; else another one of its limits, in which it has not had its turn yet."""
        if refusal is None:
            return None if waiter.is_over else self._line_ahead(waiter.claim, waiter.passed)
        assert not isinstance(refusal.reason, Fund)
        waiter.passed.clear()
        return Limit(refusal.subject.name, refusal.reason.code)

    def _line_ahead(self, claim: Claim, passed: Container[Limit] = ()) -> Limit | None:
        return next((limit for limit in claim.limits if limit in self.lines and limit not in passed), None)

    async def _turn(self, waiter: "_Waiter", limit: Limit, refusal: Refusal | None) -> None:
        """Wait for its turn in a line, or for the end of its time. Raises the error of a request that may not wait any
        longer."""
        waiter.called = asyncio.get_running_loop().create_future()
        self._join(waiter, limit, refusal)
        if waiter.error is None:
            await waiter.called
        if waiter.error is not None:
            raise waiter.error
        waiter.passed.add(limit)
        self._counting.renew(waiter.claim)

    def _join(self, waiter: "_Waiter", limit: Limit, refusal: Refusal | None) -> None:
        line = self.lines.get(limit)
        is_new = line is None
        if line is None:
            line = self.lines[limit] = _Line(self._call)
        if waiter.limit != limit:
            self._leave_line(waiter)
            waiter.limit = limit
            line.places.join(waiter.place)
        if refusal is not None and (is_new or line.called == waiter.place):
            assert not isinstance(refusal.reason, Fund)
            line.rest(look_again_s(refusal.reason, self.poll_s))

    def _call(self, place: Place) -> None:
        self._waiters[place].call()

    def _enter(self, claim: Claim, queue_s: float) -> "_Waiter | None":
        """None: there is no room for it."""
        key = claim.request.key.name
        if len(self._waiters) >= self.max_queued and not self._make_room(key):
            return None
        waiter = _Waiter(Place(key, next(self._numbers)), claim, queue_s)
        self._waiters[waiter.place] = self._of_keys.setdefault(key, {})[waiter.place] = waiter
        return waiter

    def _make_room(self, key: str) -> bool:
        """For another request of a key, if there is none: another key's latest gives way, unless it is this one's."""
        counts = {name: len(waiters) for name, waiters in self._of_keys.items()}
        if sum(counts.values()) < self.max_queued:
            return True
        loser = gives_way(counts, key)
        if loser == key:
            return False
        _, latest = self._of_keys[loser].popitem()
        latest.end("no room")
        return True

    def _leave(self, waiter: "_Waiter") -> None:
        waiter.leave()
        self._leave_line(waiter)
        del self._waiters[waiter.place]
        of_key = self._of_keys.get(waiter.place.key, {})
        if of_key.pop(waiter.place, None) is not None and not of_key:
            del self._of_keys[waiter.place.key]

    def _leave_line(self, waiter: "_Waiter") -> None:
        if waiter.limit is not None:
            line = self.lines[waiter.limit]
            line.leave(waiter.place)
            if line.places.first is None:
                del self.lines[waiter.limit]


class _Waiter:
    """A request that waits, in its task. `passed`: the lines in which it has had its turn since it was refused."""

    def __init__(self, place: Place, claim: Claim, queue_s: float) -> None:
        self.place = place
        self.claim = claim
        self.limit: Limit | None = None
        self.passed = set[Limit]()
        self.called: asyncio.Future[None] | None = None
        self.error: SealinkError | None = None
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._came_at = self._loop.time()
        self._until = self._came_at + queue_s
        self._timer = self._loop.call_at(self._until, self.end)

    @property
    def left_s(self) -> float:
        """How much longer it may wait."""
        return 0.0 if self.is_over else self._until - self._loop.time()

    def call(self) -> None:
        """There is news for it."""
        if self.called is not None and not self.called.done():
            self.called.set_result(None)

    def end(self, why: Waited = "in vain") -> None:
        """It may not wait any longer."""
        self.is_over = True
        self.claim.waited = why
        self.call()

    def fail(self, error: SealinkError) -> None:
        """It is refused by this error."""
        self.error = error
        self.call()

    def leave(self) -> None:
        self._timer.cancel()
        if self.limit is not None:
            self.claim.request.queued_ms = (self._loop.time() - self._came_at) * 1000


class _Line:
    """Who waits for one limit. `called`: whose turn it is; None: the line rests."""

    def __init__(self, call: Callable[[Place], None]) -> None:
        self.places = FairLine()
        self.called: Place | None = None
        self._call = call
        self._is_freed = False
        self._timer: asyncio.TimerHandle | None = None

    def go_on(self) -> None:
        """It is the next one's turn now. If somebody's turn it is already, there is another right after it."""
        if self.called is not None:
            self._is_freed = True
            return
        self._stop()
        self.called = self.places.first
        if self.called is not None:
            self._call(self.called)

    def rest(self, for_s: float) -> None:
        """Who had its turn does not fit: it is worth another look after so many seconds."""
        self.called = None
        if self._is_freed:
            self._is_freed = False
            self.go_on()
            return
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(max(for_s, _MIN_REST_S), self.go_on)

    def leave(self, place: Place) -> None:
        """Who waits goes. If it was its turn, that is the next one's."""
        self.places.leave(place)
        if self.called == place:
            self.called, self._is_freed = None, False
            self.go_on()
        elif self.places.first is None:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_worth_waiting(refusal: Refusal, left_s: float) -> bool:
    return not isinstance(refusal.reason, Fund) and may_wait(refusal.reason, left_s)
