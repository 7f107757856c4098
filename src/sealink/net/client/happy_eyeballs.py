"""A socket to a host by whichever of its addresses answers first: Happy Eyeballs, RFC 8305."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.resolver import AddressInfo


async def connect_socket(addresses: Iterable[AddressInfo], limits: UpstreamLimits) -> socket.socket:
    """A socket that is connected to one of the addresses. Raises OSError.

    (uvloop's create_connection tries one address after the other, each until the kernel gives it up.)
    """
    in_turn = interleaved(addresses)
    if len(in_turn) == 1:
        return await _connect(in_turn[0], limits)
    return await _race(in_turn, limits)


def interleaved(addresses: Iterable[AddressInfo]) -> list[AddressInfo]:
    """The families in turn, the resolver's first choice first (RFC 8305 §4)."""
    by_family: dict[socket.AddressFamily, list[AddressInfo]] = {}
    for address in addresses:
        by_family.setdefault(address[0], []).append(address)
    return [address for address in chain(*zip_longest(*by_family.values())) if address is not None]


async def _race(addresses: Sequence[AddressInfo], limits: UpstreamLimits) -> socket.socket:
    """Try one address, after a delay the next one too, and so on; the first socket wins. Raises the first failure."""
    waiting = list(reversed(addresses))
    running: set[asyncio.Task[socket.socket]] = set()
    failures: list[BaseException] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_connect(waiting.pop(), limits)))
            attempt_delay_s = limits.connection_attempt_delay_s if waiting else None
            done, _ = await asyncio.wait(running, timeout=attempt_delay_s, return_when=asyncio.FIRST_COMPLETED)
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
        _keep_alive(sock, limits)
        await asyncio.get_running_loop().sock_connect(sock, where)
        undo.pop_all()
    return sock


def _keep_alive(sock: socket.socket, limits: UpstreamLimits) -> None:
    if not limits.keepalive_idle_s:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # macOS before Python 3.10 and Windows name it otherwise, or not at all
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, limits.keepalive_idle_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, limits.keepalive_interval_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, limits.keepalive_probes)
