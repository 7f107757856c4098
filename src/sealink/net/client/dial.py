"""Opening a connection: name → addresses → socket → (proxy's TLS) → (tunnel) → (upstream's TLS).

The caller closes the connection when a step fails or is cancelled.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from sealink.errors import UpstreamError
from sealink.net.client.connection import Connection
from sealink.net.client.failure import upstream_failure
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin
from sealink.net.client.proxy import Proxy
from sealink.net.client.request_head import tunnel_head

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, SocketAddress]


class Dialer:
    """Opens connections with these limits and this idea of whom to trust.

    `tls` is what certificates are verified with; by default the system's authorities, loaded when first needed.
    """

    def __init__(self, limits: UpstreamLimits, tls: ssl.SSLContext | None) -> None:
        self._limits = limits
        self._tls = tls

    async def open(self, connection: Connection, origin: Origin, proxy: Proxy | None, *, connect_s: float) -> None:
        """Make `connection` reach `origin` within `connect_s`. Raises SealinkError, see upstream_failure."""
        try:
            async with asyncio.timeout(connect_s):
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
            sock = await connect_socket(origin.host, origin.port, self._limits)
            await loop.create_connection(lambda: connection, sock=sock)
        except (OSError, UnicodeError) as error:
            raise upstream_failure(error, peer, "connect") from error
        if origin.is_tls:
            await self._secure(connection, origin, connect_s)

    async def _secure(self, connection: Connection, origin: Origin, connect_s: float) -> None:
        if self._tls is None:
            self._tls = verifying_context()
        try:  # asyncio has a timer of its own, which must not strike before connect_s
            await connection.start_tls(self._tls, origin.host, timeout_s=2 * connect_s)
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


async def connect_socket(host: str, port: int, limits: UpstreamLimits) -> socket.socket:
    """A connected socket to whichever address of `host` answers first: Happy Eyeballs, RFC 8305.

    (uvloop's create_connection tries one address after the other, each until the kernel gives it up.)
    """
    addresses = interleaved(await _resolve(host, port))
    if len(addresses) == 1:
        return await _connect(addresses[0], limits)
    return await _race(addresses, limits)


async def _resolve(host: str, port: int) -> Sequence[AddressInfo]:
    try:  # an address needs no thread
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def interleaved(addresses: Iterable[AddressInfo]) -> list[AddressInfo]:
    """The families in turn, the resolver's first choice first (RFC 8305 §4)."""
    by_family: dict[socket.AddressFamily, list[AddressInfo]] = {}
    for address in addresses:
        by_family.setdefault(address[0], []).append(address)
    return [address for address in chain(*zip_longest(*by_family.values())) if address is not None]


async def _race(addresses: Sequence[AddressInfo], limits: UpstreamLimits) -> socket.socket:
    """Each address gets a head start on the next; the first socket wins, the first failure is told if none does."""
    waiting = list(reversed(addresses))
    running: set[asyncio.Task[socket.socket]] = set()
    failures: list[BaseException] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_connect(waiting.pop(), limits)))
            head_start_s = limits.head_start_s if waiting else None
            done, _ = await asyncio.wait(running, timeout=head_start_s, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.discard(task)
                failure = task.exception()
                if failure is None:
                    return task.result()
                failures.append(failure)
        raise failures[0]
    finally:
        for loser in running:
            loser.cancel()
            loser.add_done_callback(_close_socket)


def _close_socket(loser: asyncio.Task[socket.socket]) -> None:
    if not loser.cancelled() and loser.exception() is None:
        loser.result().close()


async def _connect(address: AddressInfo, limits: UpstreamLimits) -> socket.socket:
    family, kind, protocol, _, where = address
    with contextlib.ExitStack() as undo:
        sock = undo.enter_context(socket.socket(family, kind, protocol))
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock, limits.keepalive_idle_s)
        await asyncio.get_running_loop().sock_connect(sock, where)
        undo.pop_all()
    return sock


def _keep_alive(sock: socket.socket, silence_s: int) -> None:
    if not silence_s:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # macOS before Python 3.10 and Windows name it otherwise, or not at all
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, silence_s)
