"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

PATIENCE_S = 30.0
"""More than anything takes, on a busy machine too: a test whose wait lasts so long fails."""


def until(is_so: Callable[[], object], why_not: Callable[[], object] = str, *, within_s: float = PATIENCE_S) -> None:
    """Return when it is so. `why_not` is what is told if it is not in time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, why_not()
        time.sleep(0.02)
