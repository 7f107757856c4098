"""Clients that all ask at the same time for what one limit allows, and whether they got that and no more."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

CLIENTS: Final = 64
WINDOW_S: Final = 60.0
HELD_TOO_LONG: Final = 0.02
"""What of a limit may be missing: each request counts for up to half a second longer than the window."""
LONG_S: Final = 90.0
"""Until the window has moved on by all of its length, and the limit was reached anew."""


class Asked(NamedTuple):
    """One request: when it began and ended. Wherever it was admitted, that was in between."""

    began: float
    ended: float
    status: int


def hammered(ask: Callable[[int], int], times: int, for_s: float = 0.0) -> list[Asked]:
    """What CLIENTS got: each asks so often, and goes on until `for_s` has passed. `ask` is given a number that grows
    with each request of a client, and returns the status."""
    end = time.monotonic() + for_s

    def client(number: int) -> list[Asked]:
        found: list[Asked] = []
        while len(found) < times or time.monotonic() < end:
            began = time.monotonic()
            status = ask(number + len(found))
            found.append(Asked(began, time.monotonic(), status))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [each for found in pool.map(client, range(CLIENTS)) for each in found]


def assert_kept(found: Sequence[Asked], limit: int) -> None:
    """In no window more than the limit; and in all nearly as many as a model lets in that has the same requests."""
    assert {each.status for each in found} == {200, 429}
    admitted = [each for each in found if each.status == 200]
    for began in (each.began for each in admitted):
        assert sum(began <= each.began and each.ended <= began + WINDOW_S for each in admitted) <= limit
    assert len(admitted) >= (1 - HELD_TOO_LONG) * admitted_by_model(found, limit)


def admitted_by_model(found: Sequence[Asked], limit: int) -> int:
    """How many a sliding window lets in, were each request decided when it ended."""
    window: deque[float] = deque()
    count = 0
    for now in sorted(each.ended for each in found):
        while window and window[0] <= now - WINDOW_S:
            window.popleft()
        if len(window) < limit:
            window.append(now)
            count += 1
    return count
