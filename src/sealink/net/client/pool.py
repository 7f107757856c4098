"""The connections to all upstreams: a request goes out on one that is idle, or on a new one."""

import asyncio
import contextlib
import ssl

from sealink.errors import ShuttingDown
from sealink.net.client.connection import StaleConnection
from sealink.net.client.dial import Dialer
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin, split_url
from sealink.net.client.origin_pool import OriginPool
from sealink.net.client.proxy import Proxies
from sealink.net.client.request_head import request_head
from sealink.net.message import UpstreamRequest, UpstreamResponse


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
        self._is_closed = False

    @property
    def idle(self) -> int:
        """Connections that are open and unused."""
        return sum(len(pool.idle) for pool in self._origin_pools.values())

    @property
    def active(self) -> int:
        """Connections that are being opened, or whose response has not wholly come."""
        return sum(len(pool.open) for pool in self._origin_pools.values()) - self.idle

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse:
        """Send `request`; returns when the headers of its response are in (interim ones are skipped).

        `connect_s` bounds the opening of a connection, TLS and proxy included, if none can be reused. How long the
        answer may take is for the caller to bound: when cancelled, this closes the connection. Raises SealinkError.
        """
        if self._is_closed:
            raise ShuttingDown()
        origin, target = split_url(request.url)
        pool = self._pool_of(origin)
        head = request_head(request, origin, target, pool.proxy)
        kept = pool.take_idle()
        if kept is not None:
            with contextlib.suppress(StaleConnection):  # its server had closed it: send again on a new one
                request.on_connected()
                return await kept.send(request.method, head, request.body)
            pool.discard(kept)
        fresh = await pool.connect(connect_s)
        request.on_connected()
        return await fresh.send(request.method, head, request.body)

    def keep_warm(self, url: str, wanted: int, *, connect_s: float) -> None:
        """From now on keep `wanted` unused connections to the origin of `url` open, within the limits.

        The last place under `max_connections_per_origin` is left to requests. Of several calls for one origin the
        largest number counts. Raises UpstreamError for a URL that cannot be used.
        """
        self._pool_of(split_url(url)[0]).keep_warm(wanted, connect_s)

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
