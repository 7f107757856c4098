"""The addresses of a host: one lookup at a time for each name, kept for a moment, in a thread of its own.

The resolver of the system blocks for as long as its name servers are silent, often half a minute. A name that hangs
holds up the requests to its own host only.
"""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address

from sealink.daemon_thread import in_daemon_thread

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, SocketAddress]


class Resolver:
    """Looks names up. Those who ask for a name while it is looked up wait for the same answer.

    Addresses are kept for `cache_s`, failures are not. Lives on one event loop.
    """

    def __init__(self, cache_s: float) -> None:
        self._cache_s = cache_s
        self._lookups: dict[str, asyncio.Future[Sequence[AddressInfo]]] = {}

    async def resolve(self, host: str, port: int) -> Sequence[AddressInfo]:
        """Raises OSError, and UnicodeError for a host that can be no name."""
        if _is_address(host):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        lookup = self._lookups.get(host)
        if lookup is None:
            lookup = self._lookups[host] = in_daemon_thread(
                partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
            )
            lookup.add_done_callback(partial(self._looked_up, host))
        return [_at_port(address, port) for address in await asyncio.shield(lookup)]

    def forget(self, host: str) -> None:
        """None of the addresses of `host` could be reached: look it up again the next time."""
        if host in self._lookups and self._lookups[host].done():
            del self._lookups[host]

    def _looked_up(self, host: str, lookup: "asyncio.Future[Sequence[AddressInfo]]") -> None:
        if lookup.cancelled() or lookup.exception() is not None or not self._cache_s:
            del self._lookups[host]
        else:
            asyncio.get_running_loop().call_later(self._cache_s, self._expire, host, lookup)

    def _expire(self, host: str, lookup: "asyncio.Future[Sequence[AddressInfo]]") -> None:
        if self._lookups.get(host) is lookup:
            del self._lookups[host]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _at_port(address: AddressInfo, port: int) -> AddressInfo:
    family, kind, protocol, name, where = address
    return family, kind, protocol, name, (where[0], port, *where[2:])
