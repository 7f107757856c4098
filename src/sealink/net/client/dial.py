"""Opening a connection: name → addresses → socket → (proxy's TLS) → (tunnel) → (upstream's TLS).

The caller closes the connection when a step fails or is cancelled.
"""

import asyncio
import socket
import ssl

from sealink.errors import UpstreamError
from sealink.net.client.connection import Connection
from sealink.net.client.failure import upstream_failure
from sealink.net.client.happy_eyeballs import connect_socket
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin
from sealink.net.client.proxy import Proxy
from sealink.net.client.request_head import tunnel_head
from sealink.net.client.resolver import Resolver
from sealink.net.loop_timeout import loop_timeout


class Dialer:
    """Opens connections.

    `tls` says how certificates are verified; None: by the system's authorities, loaded when first needed.
    """

    def __init__(self, limits: UpstreamLimits, tls: ssl.SSLContext | None) -> None:
        self._limits = limits
        self._tls = tls
        self._resolver = Resolver(limits.dns_cache_s)

    async def open(self, connection: Connection, origin: Origin, proxy: Proxy | None, *, connect_s: float) -> None:
        """Make `connection` reach `origin` within `connect_s`. Raises SealinkError, see upstream_failure."""
        try:
            async with loop_timeout(connect_s):
                if proxy is not None:
                    await self._reach(connection, proxy.origin, str(proxy), connect_s)
                    if origin.is_tls:
                        await _tunnel(connection, origin, proxy)
                        await self._secure(connection, origin, connect_s)
                else:
                    await self._reach(connection, origin, str(origin), connect_s)
        except TimeoutError as error:
            raise upstream_failure(error, connection.peer, "connect") from error
        connection.peer = str(origin)

    async def _reach(self, connection: Connection, origin: Origin, peer: str, connect_s: float) -> None:
        """A socket to `origin`, with TLS if it speaks that."""
        connection.peer = peer
        loop = asyncio.get_running_loop()
        try:
            sock = await self._connected_socket(origin)
            await loop.create_connection(lambda: connection, sock=sock)
        except (OSError, UnicodeError) as error:
            raise upstream_failure(error, peer, "connect") from error
        if origin.is_tls:
            await self._secure(connection, origin, connect_s)

    async def _connected_socket(self, origin: Origin) -> socket.socket:
        addresses = await self._resolver.resolve(origin.host, origin.port)
        try:
            return await connect_socket(addresses, self._limits)
        except OSError:
            self._resolver.forget(origin.host)
            raise

    async def _secure(self, connection: Connection, origin: Origin, connect_s: float) -> None:
        if self._tls is None:
            self._tls = verifying_context()
        try:  # asyncio has a timer of its own, which must not strike before connect_s
            await connection.start_tls(self._tls, origin.host, timeout_s=10 * connect_s)
        except OSError as error:
            raise upstream_failure(error, connection.peer, "tls") from error


def verifying_context() -> ssl.SSLContext:
    """TLS with the system's authorities, host names checked."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _tunnel(connection: Connection, origin: Origin, proxy: Proxy) -> None:
    status = await connection.open_tunnel(tunnel_head(origin, proxy))
    if not 200 <= status < 300:
        raise UpstreamError(f"The {proxy} refused a tunnel to {origin}: status {status}.", code="upstream_proxy")
    connection.peer = str(origin)
