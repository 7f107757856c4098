"""The connections to all upstreams: a request goes out on one that is idle, or on a new one."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from sealink.errors import HeaderList, SealinkError, ShuttingDown, UpstreamError
from sealink.net.client.connection import Connection, begun
from sealink.net.client.dial import Dialer
from sealink.net.client.failure import upstream_failure
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin, split_url
from sealink.net.client.origin_pool import OriginPool
from sealink.net.client.proxy import Proxies
from sealink.net.client.request_head import fixed_head, whole_head
from sealink.net.client.response import Response
from sealink.net.message import UpstreamRequest

MAX_ROUTES: Final = 256


class _Route(msgspec.Struct):
    """Where requests with one URL and the same headers go, and what their heads begin with."""

    pool: OriginPool
    peer: str
    head: bytes


class UpstreamPool:
    """One pool of connections for each origin. Lives on one event loop."""

    def __init__(
        self,
        limits: UpstreamLimits | None = None,
        proxies: Proxies | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or UpstreamLimits()
        self._proxies = proxies or Proxies()
        self._dialer = Dialer(self._limits, tls)
        self._origin_pools: dict[Origin, OriginPool] = {}
        self._routes: dict[tuple[str, str, HeaderList], _Route] = {}
        self._is_closed = False

    @property
    def idle(self) -> int:
        """Connections that are open and unused."""
        return sum(len(pool.idle) for pool in self._origin_pools.values())

    @property
    def active(self) -> int:
        """Connections that are being opened, or whose response has not wholly come."""
        return sum(len(pool.open) for pool in self._origin_pools.values()) - self.idle

    def start(self, request: UpstreamRequest, *, connect_s: float) -> Response:
        """Send `request`, on an idle connection or as soon as a new one is open. Raises SealinkError if it cannot be.

        `connect_s` bounds the opening of a connection, TLS and proxy included. How long the answer may take is for the
        caller to bound, who then closes the response.
        """
        if self._is_closed:
            raise ShuttingDown()
        route = self._route_of(request.method, request.url, tuple(request.headers))
        pool, head = route.pool, whole_head(route.head, request)
        response = Response(route.peer, request.method, self._limits)
        kept = pool.take_idle()
        if kept is None:
            self._start_on_new(pool, request, head, response, connect_s)
        else:
            request.on_connected()
            send_again = partial(self._send_again, kept, pool, request, head, response, connect_s)
            kept.start(response, head, request.body, send_again)
        return response

    def _route_of(self, method: str, url: str, headers: HeaderList) -> _Route:
        """Those of the same few targets are kept, but for requests that are signed."""
        routes, place = self._routes, (method, url, headers)
        route = routes.get(place)
        if route is None:
            origin, target = split_url(url)
            pool = self._pool_of(origin)
            route = _Route(pool, str(origin), fixed_head(method, target, headers, origin, pool.proxy))
            if len(routes) >= MAX_ROUTES:
                routes.clear()
            routes[place] = route
        return route

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> Response:
        """As `start`; returns when the headers of the response are in (interim ones are skipped).

        When this is cancelled, the connection is closed.
        """
        response = self.start(request, connect_s=connect_s)
        await begun(response)
        return response

    def _send_again(
        self,
        stale: Connection,
        pool: OriginPool,
        request: UpstreamRequest,
        head: bytes,
        response: Response,
        connect_s: float,
    ) -> None:
        """The server had closed the kept connection before the request came: it is sent again, on a new one."""
        pool.discard(stale)
        self._start_on_new(pool, request, head, response, connect_s)

    def _start_on_new(
        self, pool: OriginPool, request: UpstreamRequest, head: bytes, response: Response, connect_s: float
    ) -> None:
        def connected(connection: Connection) -> None:
            request.on_connected()
            connection.start(response, head, request.body)

        opening = asyncio.get_running_loop().create_task(_open(pool, connected, response, connect_s))
        response.stop_sending = opening.cancel

    def keep_warm(self, url: str, wanted: int, *, connect_s: float) -> None:
        """From now on keep `wanted` unused connections to the origin of `url` open, within the limits.

        The last place under `max_connections_per_origin` is left to requests. Of several calls for one origin the
        largest number counts. Raises UpstreamError for a URL that cannot be used.
        """
        self._pool_of(split_url(url)[0]).keep_warm(wanted, connect_s)

    def retain(self, urls: Iterable[str]) -> None:
        """Keep connections to the origins of these URLs only: unused ones to others are closed at once, those in use
        after their responses. A URL that cannot be used is left out."""
        origins = set()
        for url in urls:
            with contextlib.suppress(UpstreamError):
                origins.add(split_url(url)[0])
        for origin, pool in self._origin_pools.items():
            pool.retire(is_over=origin not in origins)
        self._routes.clear()  # some may have the headers of a key that is not in use any longer

    async def close(self) -> None:
        """Close all connections at once, and wait until they are closed. A response under way fails."""
        self._is_closed = True
        await asyncio.gather(*(pool.close() for pool in self._origin_pools.values()))

    def _pool_of(self, origin: Origin) -> OriginPool:
        pool = self._origin_pools.get(origin)
        if pool is None:
            proxy = self._proxies.choose(origin)
            pool = self._origin_pools[origin] = OriginPool(origin, proxy, self._dialer, self._limits)
        return pool


async def _open(
    pool: OriginPool, connected: Callable[[Connection], None], response: Response, connect_s: float
) -> None:
    """Open a connection and send the request on it."""
    try:
        connection = await pool.connect(connect_s)
    except Exception as error:
        response.break_off(upstream_failure(error, str(pool.origin), "connect"))
        if not isinstance(error, SealinkError):
            raise
    else:
        connected(connection)
