"""A clock that stands still while anything can happen, and then jumps to the next timer.

    def test_…() -> None:
        run_on_fake_clock(scenario())        # asyncio.run, but that an hour's sleep takes no time

Under it `asyncio`'s timers, `time.monotonic` and `time.monotonic_ns` agree, and a time that is waited for is exact.
Where nothing is ready and no timer is set, nothing can ever happen: the test fails at once.
"""

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from unittest import mock

T = TypeVar("T")
P = ParamSpec("P")

STARTS_AT_S = 0.0


class JumpingSelector(selectors.DefaultSelector):
    """Reports what is ready now. If nothing is, the time until the next timer passes at once."""

    now_s = STARTS_AT_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("Nothing is ready, and no timer is set: the test would wait for ever.")
        if not ready and timeout is not None:
            self.now_s += timeout
        return ready


class FakeClockLoop(asyncio.SelectorEventLoop):
    """For tests without threads, and without sockets that something outside the loop writes to."""

    def __init__(self) -> None:
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now_s


def run_on_fake_clock(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a fake clock of its own."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        loop = runner.get_loop()

        def now_ns() -> int:
            return round(loop.time() * 1e9)

        with (
            mock.patch.object(time, "monotonic", loop.time),
            mock.patch.object(time, "monotonic_ns", now_ns),
        ):
            return runner.run(scenario)


def on_fake_clock(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Make a test of an async function."""

    @wraps(test)
    def run_it(*args: P.args, **kwargs: P.kwargs) -> None:
        run_on_fake_clock(test(*args, **kwargs))  # type: ignore[arg-type]

    return run_it
