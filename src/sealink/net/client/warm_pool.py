"""Keeps unused connections open, so that a request need not wait for DNS, TCP and TLS."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from sealink.errors import SealinkError
from sealink.net.client.limits import UpstreamLimits

SOON_S: Final = 0.02
"""How long after a request has taken a connection the next is opened: mostly one is back by then."""


class WarmPool:
    """Opens connections to one origin whenever some are missing: `missing` returns how many, `open_one` opens one.

    When a request takes one, the next is opened soon. When the server refuses connections, or closes them soon,
    there are pauses between the attempts. They double each time, and are of random length, so that not all clients of
    a server that has restarted come back together. A request that finds a connection ends the pauses.
    """

    def __init__(
        self, missing: Callable[[], int], open_one: Callable[[], Awaitable[None]], limits: UpstreamLimits
    ) -> None:
        self._missing = missing
        self._open_one = open_one
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._setbacks = 0
        self._timer: asyncio.TimerHandle | None = None
        self._filling: asyncio.Task[None] | None = None

    def taken(self) -> None:
        """A request has found a connection."""
        if self._setbacks:
            self._setbacks = 0
            self._end_pause()
        if self._timer is None:
            self.look(SOON_S)

    def lost(self, unused_s: float) -> None:
        """The server has closed a connection that had been unused for so long."""
        self._setbacks = 1 if unused_s >= self._limits.max_idle_s else self._setbacks + 1
        self.look()

    def look(self, after_s: float = 0.0) -> None:
        """Open what is missing, after so many seconds, or a pause."""
        if self._timer is None and self._filling is None and self._missing():
            self._timer = self._loop.call_later(self._pause_s() or after_s, self._begin)

    async def stop(self) -> None:
        """Open no more."""
        self._end_pause()
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.wait([self._filling])

    def _end_pause(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pause_s(self) -> float:
        if not self._setbacks:
            return 0.0
        longest_s = self._limits.reopen_pause_s * 2.0 ** min(self._setbacks - 1, 32)
        return min(longest_s, self._limits.max_reopen_pause_s) * random.uniform(0.5, 1.0)

    def _begin(self) -> None:
        self._timer = None
        if not self._missing():  # one that was in use is back
            return
        self._filling = self._loop.create_task(self._fill())

    async def _fill(self) -> None:
        try:
            for _ in range(self._missing()):  # not `while`: a server may close them at once
                await self._open_one()
        except SealinkError:
            self._setbacks += 1
        self._filling = None
        self.look()
