"""Streams that go on without their client, detached or drained: they take turns, and go slowly once a log is full.

Without this, upstreams that send as fast as they can would take all of the process's time: there is no client to slow
them down.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

STREAMS_PER_TURN: Final = 8
"""How many of them may go on in one turn of the event loop, each by one piece, however many there are."""
LONG_TURN_S: Final = 0.01
"""After a turn that took longer, for whatever reason, only one goes on in the next."""


class Unattended:
    """What these streams share: turns, and the pace of those of which more has come than `kept_bytes`."""

    def __init__(self, kept_bytes: int, return_s: float) -> None:
        self.kept_bytes = kept_bytes
        self.s_per_byte = return_s / kept_bytes
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_due = False
        self._last_at = 0.0
        self._share = 1

    def turn(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` at its turn: in the order in which the streams ask, few in each turn of the event loop."""
        self._waiting.append(go_on)
        self._plan(asyncio.get_running_loop())

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._is_due:
            self._is_due = True
            loop.call_soon(self._let_some_go_on, loop)

    def _let_some_go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_due = False
        now = loop.time()
        self._share = min(self._share + 1, STREAMS_PER_TURN) if now - self._last_at < LONG_TURN_S else 1
        self._last_at = now
        for _ in range(min(self._share, len(self._waiting))):
            go_on = self._waiting.popleft()
            go_on()
        self._plan(loop)


class Pace:
    """How fast one such stream is read: `unread_bytes` of it have come that nobody has read."""

    def __init__(self, unattended: Unattended) -> None:
        self._unattended = unattended
        self._new_bytes = 0
        self.unread_bytes = 0

    def count(self, data: bytes) -> None:
        """Some more has come."""
        self._new_bytes += len(data)
        self.unread_bytes += len(data)

    def wait(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` when more may come."""
        new_bytes, self._new_bytes = self._new_bytes, 0
        unattended = self._unattended
        if self.unread_bytes > unattended.kept_bytes:
            delay_s = new_bytes * unattended.s_per_byte
            asyncio.get_running_loop().call_later(delay_s, unattended.turn, go_on)
        else:
            unattended.turn(go_on)
