"""How much may be used in a time: sliding windows, and whether a request fits into all of its limits.

A window counts what is used in steps of time, each of which leaves the window when the last use in it is as old as the
window is long. So in no such time more than the limit is used, the whole of it may come at once, and what is used is
held for one step too long at most: 0.8 % of the window.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from sealink.amounts import Count, Usd
from sealink.policy.budgets import BudgetPeriod

STEPS: Final = 126
"""The steps of a window. Uses less than a step apart may leave it together."""
RING: Final = 128
"""The steps that a window may span at a time, with those at both ends, which it has a part of."""
RING_CELLS: Final = 2 * RING
STATE_CELLS: Final = 5

_S: Final = 10**9
MINUTE_NS: Final = 60 * _S
DAY_NS: Final = 86_400 * _S

Code = Literal["requests", "tokens", "concurrency", "requests_per_day"]
"""Which limit it is, as a 429 names it."""


class Ring(Protocol):
    """RING_CELLS whole numbers: a list, or cells of a file."""

    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...


class Window:
    """What was used within the last `length_ns`. Times are nanoseconds of a clock that never goes back by much: a use
    that is later than now counts as one of now.

    `state` is kept by whoever keeps the window, beside `ring`: the steps before the newest one, each a time and an
    amount.
    """

    __slots__ = ("_head", "_length", "_newest", "_newest_at", "_ring", "_step_ns", "length_ns", "total")

    def __init__(self, length_ns: int, state: Iterable[int], ring: Ring) -> None:
        self.length_ns = length_ns
        self._step_ns = length_ns // STEPS // 1000 * 1000
        self._ring = ring
        self.restore(state)

    def restore(self, state: Iterable[int]) -> None:
        """Be in a state again that was kept."""
        self._head, self._length, self.total, self._newest_at, self._newest = state

    @property
    def state(self) -> tuple[int, int, int, int, int]:
        return self._head, self._length, self.total, self._newest_at, self._newest

    def advance(self, now_ns: int) -> None:
        """Forget what is too old."""
        ring, since = self._ring, now_ns - self.length_ns
        while self._length and ring[2 * self._head] <= since:
            self.total -= ring[2 * self._head + 1]
            self._head = (self._head + 1) % RING
            self._length -= 1
        if not self._length:
            if self._newest_at <= since:
                self._newest = 0
            self.total = self._newest

    def add(self, amount: int, now_ns: int) -> None:
        """Something is used now. The window was advanced to now."""
        now_ns = max(now_ns, self._newest_at)
        if self._newest and now_ns // self._step_ns != self._newest_at // self._step_ns:
            end = (self._head + self._length) % RING
            self._ring[2 * end], self._ring[2 * end + 1] = self._newest_at, self._newest
            self._length += 1
            self._newest = 0
            if end == 0:  # once in each window: a process may have been killed in `take_back`
                self.total = sum(self._ring[2 * ((self._head + index) % RING) + 1] for index in range(self._length))
        self._newest_at = now_ns
        self._newest += amount
        self.total += amount

    def take_back(self, amount: int, used_at_ns: int) -> None:
        """Of what was used then, this was not needed. The window was advanced to now."""
        step = used_at_ns // self._step_ns
        if self._newest_at // self._step_ns == step:
            back = min(amount, self._newest)
            self._newest -= back
            self.total -= back
            return
        ring = self._ring
        for index in range(self._length):
            place = 2 * ((self._head + index) % RING)
            if ring[place] // self._step_ns == step:
                back = min(amount, ring[place + 1])
                ring[place + 1] -= back
                self.total -= back
                return

    def wait_ns(self, amount: int, limit: int, now_ns: int) -> int | None:
        """How long until so much fits under the limit, if nothing else is used; 0: now; None: never."""
        excess = self.total + amount - limit
        if excess <= 0:
            return 0
        if amount > limit:
            return None
        for index in range(self._length):
            place = 2 * ((self._head + index) % RING)
            excess -= self._ring[place + 1]
            if excess <= 0:
                return max(1, self._ring[place] + self.length_ns - now_ns)
        return max(1, self._newest_at + self.length_ns - now_ns)

    def reset_ns(self, now_ns: int) -> int:
        """How long until nothing is counted any more, if nothing else is used."""
        return max(0, self._newest_at + self.length_ns - now_ns) if self.total else 0


class UsageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a key, a team or a model may use. None: no limit. Those of a request's key, its team and the model all
    apply."""

    requests_per_minute: Count | None = None
    """Requests that may begin in a minute."""
    tokens_per_minute: Count | None = None
    """Tokens, of prompts and answers together."""
    concurrent_streams: Count | None = None
    """Streams that may be open at once."""
    requests_per_day: Count | None = None
    """Requests that may begin in a day."""
    budget_usd: Usd | None = None
    """How much requests may cost in a `budget_period`, at the price, markup included."""
    budget_period: BudgetPeriod | None = None
    """`day`, `week` (from Monday) and `month`: those of UTC. `total`, the default: for all time."""

    @property
    def counted(self) -> tuple[int | None, int | None, int | None, int | None]:
        """Those of the windows (requests and tokens of a minute, requests of a day), and that of streams."""
        return self.requests_per_minute, self.tokens_per_minute, self.requests_per_day, self.concurrent_streams


class CountedWindow(Protocol):
    """A window that was advanced to now: a Window, or what another machine tells of one."""

    @property
    def total(self) -> int: ...
    def wait_ns(self, amount: int, limit: int, now_ns: int, /) -> int | None: ...
    def reset_ns(self, now_ns: int, /) -> int: ...


class Used(NamedTuple):
    """What one key, team or model has used."""

    requests: CountedWindow
    tokens: CountedWindow
    requests_of_day: CountedWindow
    streams: int


class Need(NamedTuple):
    """What a request takes: itself, a stream or none, and tokens: `prompt_tokens` at least, and `answer_tokens`. How
    many those can be is known where the request says so (`is_stated`); else fewer may do."""

    prompt_tokens: int
    answer_tokens: int
    is_stated: bool
    streams: int

    def tokens(self, limit: int) -> int:
        """How many are reserved under a limit of so many a minute."""
        wanted = self.prompt_tokens + self.answer_tokens
        return wanted if self.is_stated else max(self.prompt_tokens, min(wanted, limit))


class Excess(NamedTuple):
    """A limit that a request exceeds, and for how long it will; None: it cannot be met at all."""

    code: Code
    limit: int
    wait_ns: int | None


Left = tuple[int, int, int]
"""A limit, how much of it is left, and in how many nanoseconds all of it is again: also what C makes of a Remaining."""


class Remaining(NamedTuple):
    """A limit, how much of it is left, and how long until all of it is again."""

    limit: int
    left: int
    reset_ns: int


def excess(limits: UsageLimits, used: Used, need: Need, now_ns: int) -> Excess | None:
    """The limit that keeps a request out the longest; None if it fits into all. The windows were advanced to now."""
    found: list[Excess] = []
    if (limit := limits.requests_per_minute) is not None and (wait := used.requests.wait_ns(1, limit, now_ns)) != 0:
        found.append(Excess("requests", limit, wait))
    if (limit := limits.tokens_per_minute) is not None:
        wait = used.tokens.wait_ns(need.tokens(limit), limit, now_ns)
        if wait != 0:
            found.append(Excess("tokens", limit, wait))
    if (limit := limits.concurrent_streams) is not None and need.streams and used.streams + need.streams > limit:
        found.append(Excess("concurrency", limit, _S if limit else None))
    if (limit := limits.requests_per_day) is not None:
        wait = used.requests_of_day.wait_ns(1, limit, now_ns)
        if wait != 0:
            found.append(Excess("requests_per_day", limit, wait))
    return longest(found)


def limits_on(limits: UsageLimits, need: Need) -> Iterator[Code]:
    """The limits that a request counts under."""
    if limits.requests_per_minute is not None:
        yield "requests"
    if limits.tokens_per_minute is not None:
        yield "tokens"
    if limits.concurrent_streams is not None and need.streams:
        yield "concurrency"
    if limits.requests_per_day is not None:
        yield "requests_per_day"


def longest(found: Iterable[Excess]) -> Excess | None:
    """The one that lasts the longest."""
    return max(found, key=_how_long, default=None)


def requests_left(limits: UsageLimits, used: Used, now_ns: int) -> Remaining | None:
    """How many more requests are allowed: by the minute or by the day, whichever is less; None: any number."""
    windows = (limits.requests_per_minute, used.requests), (limits.requests_per_day, used.requests_of_day)
    return least(_left(limit, window, now_ns) for limit, window in windows if limit is not None)


def tokens_left(limits: UsageLimits, used: Used, now_ns: int) -> Remaining | None:
    """How many more tokens are allowed in this minute; None: any number."""
    limit = limits.tokens_per_minute
    return None if limit is None else _left(limit, used.tokens, now_ns)


def least(all_left: Iterable[Remaining | None]) -> Remaining | None:
    """Of several limits that apply, the one of which the least is left."""
    known = [left for left in all_left if left is not None]
    return min(known, key=lambda left: (left.left, -left.reset_ns), default=None)


def _left(limit: int, window: CountedWindow, now_ns: int) -> Remaining:
    return Remaining(limit, max(0, limit - window.total), window.reset_ns(now_ns))


def _how_long(found: Excess) -> float:
    return float("inf") if found.wait_ns is None else found.wait_ns
