"""The connections to upstreams: which are open, which are free, and a request out on the best of them."""

import asyncio
import contextlib
import ssl
from functools import partial

from sealink.errors import ServiceUnavailable
from sealink.net.client.connection import Connection, StaleConnection
from sealink.net.client.dial import Dialer
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin, split_url
from sealink.net.client.proxy import Proxies, Proxy
from sealink.net.client.request_head import request_head
from sealink.net.client.warm_pool import WarmPool
from sealink.net.message import UpstreamRequest, UpstreamResponse


class Route:
    """One origin: how it is reached, its open connections, and those of them that are idle, longest idle first.

    `warm` of the idle ones are kept however long they are, and opened where there are too few: that is `reserve`'s.
    """

    def __init__(self, origin: Origin, proxy: Proxy | None) -> None:
        self.origin = origin
        self.proxy = proxy
        self.open: set[Connection] = set()
        self.idle: list[Connection] = []
        self.warm = 0
        self.warm_pool: WarmPool | None = None


class UpstreamPool:
    """Keeps connections and reuses the one that was used last. Lives on one event loop."""

    def __init__(
        self,
        limits: UpstreamLimits | None = None,
        proxies: Proxies | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or UpstreamLimits()
        self._proxies = proxies or Proxies()
        self._dialer = Dialer(self._limits, tls)
        self._routes: dict[Origin, Route] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def idle(self) -> int:
        """Connections that are open and unused."""
        return sum(len(route.idle) for route in self._routes.values())

    @property
    def active(self) -> int:
        """Connections that are being opened, or whose response has not wholly come."""
        return sum(len(route.open) for route in self._routes.values()) - self.idle

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse:
        """Send `request`; returns when the headers of its response are in (interim ones are skipped).

        `connect_s` bounds the opening of a connection, TLS and proxy included, if there is none to reuse. How long
        the answer may take is the caller's to bound: cancelled, this closes the connection. Raises SealinkError.
        """
        self._refuse_when_closed()
        origin, target = split_url(request.url)
        route = self._route_to(origin)
        head = request_head(request, origin, target, route.proxy)
        kept = _take_idle(route)
        if kept is not None:
            if route.warm_pool is not None:
                route.warm_pool.taken()
            with contextlib.suppress(StaleConnection):  # its server had let go of it: once more, on a fresh one
                request.on_connected()
                return await kept.send(request.method, head, request.body)
            route.open.discard(kept)
        fresh = await self._open(route, connect_s)
        request.on_connected()
        return await fresh.send(request.method, head, request.body)

    def keep_warm(self, url: str, wanted: int, *, connect_s: float) -> None:
        """From now on have `wanted` unused connections to the origin of `url` open, within the limits.

        The last place under `max_connections_per_origin` is left to requests. Of several calls for one origin the
        largest number counts. Raises UpstreamError for a URL that cannot be used.
        """
        route = self._route_to(split_url(url)[0])
        route.warm = max(route.warm, min(wanted, self._limits.max_idle_per_origin))
        if route.warm_pool is None and route.warm:
            opening = partial(self._open_idle, route, connect_s)
            route.warm_pool = WarmPool(partial(self._missing, route), opening, self._limits)
        if route.warm_pool is not None:
            route.warm_pool.look()

    async def close(self) -> None:
        """Close all connections at once, and wait until they are gone. A response under way fails."""
        self._is_closed = True
        reserves = [route.warm_pool for route in self._routes.values() if route.warm_pool is not None]
        await asyncio.gather(*(reserve.stop() for reserve in reserves))
        if self._sweeper is not None:
            self._sweeper.cancel()
        connections = [connection for route in self._routes.values() for connection in route.open]
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))

    def _route_to(self, origin: Origin) -> Route:
        route = self._routes.get(origin)
        if route is None:
            route = self._routes[origin] = Route(origin, self._proxies.choose(origin))
        return route

    async def _open(self, route: Route, connect_s: float) -> Connection:
        self._refuse_when_full(route)
        connection = Connection(self._limits, partial(self._keep, route), partial(_lost, route))
        route.open.add(connection)
        is_ready = False
        try:
            await self._dialer.open(connection, route.origin, route.proxy, connect_s=connect_s)
            self._refuse_when_closed()
            is_ready = True
        finally:
            if not is_ready:
                _drop(route, connection)
        return connection

    async def _open_idle(self, route: Route, connect_s: float) -> None:
        self._keep(route, await self._open(route, connect_s))

    def _missing(self, route: Route) -> int:
        """How many more unused connections are wanted than there are, as far as there is room for them."""
        if self._is_closed:
            return 0
        limit = self._limits.max_connections_per_origin
        wanted = route.warm - len(route.idle)
        return max(0, min(wanted, limit - 1 - len(route.open)) if limit else wanted)

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise ServiceUnavailable("SeaLink is shutting down.", code="draining")

    def _refuse_when_full(self, route: Route) -> None:
        limit = self._limits.max_connections_per_origin
        if limit and len(route.open) >= limit:
            raise ServiceUnavailable(f"All {limit} connections to {route.origin} are in use.", code="overloaded")

    def _keep(self, route: Route, connection: Connection) -> None:
        """A response has wholly come and its connection can be used again."""
        if self._is_closed or len(route.idle) >= self._limits.max_idle_per_origin:
            _drop(route, connection)
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        route.idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._limits.idle_s, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for long. One timer for the whole pool, set for the next to expire."""
        loop = asyncio.get_running_loop()
        for route in self._routes.values():
            while len(route.idle) > route.warm and route.idle[0].idle_since + self._limits.idle_s <= loop.time():
                _drop(route, route.idle[0])
        longest_idle = [route.idle[0].idle_since for route in self._routes.values() if len(route.idle) > route.warm]
        self._sweeper = loop.call_at(min(longest_idle) + self._limits.idle_s, self._sweep) if longest_idle else None


def _take_idle(route: Route) -> Connection | None:
    """The idle connection that was used last: the least likely to have been closed meanwhile."""
    while route.idle:
        connection = route.idle.pop()
        if connection.is_open:
            return connection
    return None


def _drop(route: Route, connection: Connection) -> None:
    _forget(route, connection)
    connection.abort()


def _lost(route: Route, connection: Connection) -> None:
    """A connection has gone; if it is still among the idle ones, its other end has closed it."""
    was_idle = connection in route.idle
    _forget(route, connection)
    if route.warm_pool is None:
        return
    if was_idle:
        route.warm_pool.lost(asyncio.get_running_loop().time() - connection.idle_since)
    else:
        route.warm_pool.look()


def _forget(route: Route, connection: Connection) -> None:
    route.open.discard(connection)
    if connection in route.idle:
        route.idle.remove(connection)
