"""The connections to one origin: those that are open, which of them are idle, and how many are kept warm."""

import asyncio
from functools import partial

from sealink.errors import ServiceUnavailable, ShuttingDown
from sealink.net.client.connection import Connection
from sealink.net.client.dial import Dialer
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin
from sealink.net.client.proxy import Proxy
from sealink.net.client.warm_pool import WarmPool


class OriginPool:
    """Opens connections to an origin, keeps idle ones for a while, and hands out the one that was used last.

    `warm` idle connections are kept however long they are unused, and opened when there are fewer: see WarmPool.
    """

    def __init__(self, origin: Origin, proxy: Proxy | None, dialer: Dialer, limits: UpstreamLimits) -> None:
        self.origin = origin
        self.proxy = proxy
        self.warm = 0
        self.open: set[Connection] = set()
        self.idle: list[Connection] = []
        """Those of `open` that are unused, longest unused first."""
        self._dialer = dialer
        self._limits = limits
        self._warm_pool: WarmPool | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._is_retired = False
        self._loop = asyncio.get_running_loop()

    def take_idle(self) -> Connection | None:
        """The idle connection that was used last: the least likely to have been closed by the server meanwhile."""
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open:
                if self._warm_pool is not None:
                    self._warm_pool.taken()
                return connection
        return None

    async def connect(self, connect_s: float) -> Connection:
        """Open one more connection. Raises SealinkError; 503 `overloaded` when as many as allowed are open."""
        limit = self._limits.max_connections_per_origin
        if limit and len(self.open) >= limit:
            raise ServiceUnavailable(f"All {limit} connections to {self.origin} are in use.", code="overloaded")
        connection = Connection(self._limits, self.keep, self._lost)
        self.open.add(connection)
        is_ready = False
        try:
            await self._dialer.open(connection, self.origin, self.proxy, connect_s=connect_s)
            if self._is_closed:
                raise ShuttingDown()
            is_ready = True
        finally:
            if not is_ready:
                self._drop(connection)
        return connection

    def keep(self, connection: Connection) -> None:
        """A connection is unused now, and can be used again."""
        if self._is_closed or self._is_retired or len(self.idle) >= self._limits.max_idle_per_origin:
            self._drop(connection)
            return
        connection.idle_since = self._loop.time()
        self.idle.append(connection)
        if self._expiry is None:
            self._expiry = self._loop.call_later(self._limits.max_idle_s, self._expire)

    def discard(self, connection: Connection) -> None:
        """A connection is of no use any longer."""
        self.open.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)

    def keep_warm(self, wanted: int, connect_s: float) -> None:
        """Keep `wanted` idle connections open from now on, or as many as an earlier call wanted if that were more."""
        self.warm = max(self.warm, min(wanted, self._limits.max_idle_per_origin))
        if self._warm_pool is None and self.warm:
            self._warm_pool = WarmPool(self._missing, partial(self._connect_idle, connect_s), self._limits)
        if self._warm_pool is not None:
            self._warm_pool.look()

    def retire(self, *, is_over: bool) -> None:
        """Whether no unused connection is kept from now on."""
        self._is_retired = is_over
        if is_over:
            self.warm = 0
            for connection in self.idle.copy():
                self._drop(connection)

    async def close(self) -> None:
        """Close all connections at once, and wait until they are closed."""
        self._is_closed = True
        if self._warm_pool is not None:
            await self._warm_pool.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        connections = list(self.open)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))

    async def _connect_idle(self, connect_s: float) -> None:
        self.keep(await self.connect(connect_s))

    def _missing(self) -> int:
        """How many more idle connections are wanted, within the limits. The last place is left to requests."""
        if self._is_closed:
            return 0
        limit = self._limits.max_connections_per_origin
        wanted = self.warm - len(self.idle)
        return max(0, min(wanted, limit - 1 - len(self.open)) if limit else wanted)

    def _drop(self, connection: Connection) -> None:
        self.discard(connection)
        connection.abort()

    def _lost(self, connection: Connection) -> None:
        """A connection is closed; if it was idle, the server has closed it."""
        was_idle = connection in self.idle
        self.discard(connection)
        if self._warm_pool is None:
            return
        if was_idle:
            self._warm_pool.lost(self._loop.time() - connection.idle_since)
        else:
            self._warm_pool.look()

    def _expire(self) -> None:
        """Close what has been unused for too long, and set the timer for the next to expire."""
        loop = self._loop
        while self._has_surplus and self.idle[0].idle_since + self._limits.max_idle_s <= loop.time():
            self._drop(self.idle[0])
        next_at = self.idle[0].idle_since + self._limits.max_idle_s if self._has_surplus else None
        self._expiry = loop.call_at(next_at, self._expire) if next_at is not None else None

    @property
    def _has_surplus(self) -> bool:
        return len(self.idle) > self.warm
