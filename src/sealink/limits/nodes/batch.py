"""Requests that Redis lets in before they come, and what it is told of those that have ended.

    asked for one, let in several ──▶ a Batch ──▶ one each for those that come within ahead_s
                                       ▲  │
               what each has used ─────┘  └──▶ told together after TELL_S, and at the end what nobody has taken

Only where all of them are little of what is left: near a limit each request is asked for by itself.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sealink.limits.subjects import Cost, Lease
from sealink.policy.limits import Need

TELL_S: Final = 0.02
"""How long what was used may be kept back, to be told together."""
MOST_TIMES: Final = 32
"""How many requests are let in at once."""


class NodeLease(Lease):
    """`local`: what it holds of this machine's counters; `is_shared`: it holds the same in Redis, and of its money
    what is `granted` there. `batch`: it was let in there with others."""

    local: Lease | None = None
    is_shared: bool = False
    granted: int = 0
    batch: "Batch | None" = None


class Ended(NamedTuple):
    """What Redis is told of requests that have ended, and were let in at the same time: how many of them have not begun
    after all, what they cost, when they began, and were let in; the streams and the money that they held, the tokens
    that they have used, and those that they held of each subject."""

    undone: int
    price: int
    started_s: float
    at_ns: int
    streams: int
    money: int
    used: int
    held: Sequence[int]


class Batch:
    """Requests that were let in at once, of which the `first` is there. `left`: so many may still come, until `until_s`
    (of time.monotonic), each of which takes no more than `need`, and has as much money reserved."""

    __slots__ = ("_count", "_money", "_price", "_reserved", "_tokens", "_undone", "first", "left", "need", "until_s")

    def __init__(self, first: NodeLease, need: Need, times: int, until_s: float) -> None:
        self.need = need
        self.left = times - 1
        self.until_s = until_s
        self.first = first
        self._reserved = first.reserved
        self._forget()

    def take(self, need: Need, cost: Cost, now_s: float) -> NodeLease | None:
        """One of those that are left; None: there is none, or it takes more. `now_s`: of the wall's clock."""
        own, reserved = self.need, self._reserved
        fits = need.prompt_tokens <= own.prompt_tokens and need.answer_tokens <= own.answer_tokens
        if not fits or need.is_stated != own.is_stated or cost.prompt + cost.answer + cost.spare > reserved:
            return None
        self.left = left = self.left - 1
        first = self.first
        requests = first.requests_left
        if requests is not None:
            limit, requests_left, reset_ns = requests
            requests = limit, requests_left + left, reset_ns
        return NodeLease(
            first.subjects, first.at_ns, now_s, first.tokens, first.streams, reserved,
            requests, first.tokens_left, first.funds_left, None, True, reserved, self,
        )  # fmt: skip

    def ended(self, lease: NodeLease, tokens: int, price: int, undone: int) -> None:
        """One of them has ended, or has not begun after all (`undone`: 1)."""
        self._count += 1
        self._undone += undone
        self._price += price
        self._money += lease.granted
        self._tokens += tokens

    def expire(self) -> None:
        """Those that nobody has taken do not begin."""
        self._count += self.left
        self._undone += self.left
        self._money += self.left * self._reserved
        self.left = 0

    def news(self) -> Ended | None:
        """What Redis has to be told, once; None: nothing."""
        count, first = self._count, self.first
        if not count:
            return None
        held = [count * tokens for tokens in first.tokens]
        streams, money, used = count * first.streams, self._money, self._tokens
        ended = Ended(self._undone, self._price, first.started_s, first.at_ns, streams, money, used, held)
        self._forget()
        return ended

    def _forget(self) -> None:
        self._count = self._undone = self._price = self._money = self._tokens = 0


class Supply:
    """The batches for requests of the same subjects that are streams, or are not. `is_asked`: more is on its way."""

    __slots__ = ("_times", "_until_s", "batch", "is_asked")

    def __init__(self) -> None:
        self.batch: Batch | None = None
        self.is_asked = False
        self._until_s = 0.0
        self._times = 1

    def ask(self, now_s: float, ahead_s: float) -> int:
        """How many requests it is asked for, which may begin for so long: twice as many as before, if those have not
        lasted. `now_s`: of time.monotonic."""
        if self.is_asked:
            return 1
        batch, times = self.batch, self._times
        was_too_little = now_s < self._until_s and (batch is None or not batch.left)
        self._times = times = min(2 * times, MOST_TIMES) if was_too_little else max(1, times // 2)
        self._until_s, self.is_asked = now_s + ahead_s, times > 1
        return times

    def get(self, lease: NodeLease, need: Need, times: int) -> Batch:
        """So many have come, the first of which has its lease."""
        self.batch = batch = lease.batch = Batch(lease, need, times, self._until_s)
        return batch


class Batches:
    """Those of which Redis is still to be told something, by `tell_of`."""

    def __init__(self, tell_of: Callable[[NodeLease, Ended], None]) -> None:
        self._tell_of = tell_of
        self._batches: set[Batch] = set()
        self._timer: asyncio.TimerHandle | None = None

    def tell_soon(self, batch: Batch) -> None:
        """One of it has ended, or nobody may take what is left."""
        self._batches.add(batch)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TELL_S, self.tell)

    def tell(self, *, expire: bool = False) -> None:
        """What was used; and after its time, or if all are to `expire` now, what nobody has taken."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_s = time.monotonic()
        for batch in tuple(self._batches):
            if expire or now_s >= batch.until_s:
                batch.expire()
            ended = batch.news()
            if ended is not None:
                self._tell_of(batch.first, ended)
            if not batch.left:
                self._batches.discard(batch)
        if self._batches:
            self._timer = asyncio.get_running_loop().call_later(TELL_S, self.tell)

    def drop(self) -> list[Batch]:
        """Redis is away: nobody may take what is left, and what it was to be told of these the ledger knows."""
        dropped = list(self._batches)
        for batch in dropped:
            batch.expire()
        self._batches.clear()
        return dropped
