"""Connections that stand ready: used first, replaced when used or lost, never more than there is room for."""

import asyncio
import contextlib
import socket
import ssl

import pytest
import trustme
from scripted_upstream import OK, ask, failure_of, on_both_loops, parse_request, pooled, post, read_all, serving, until

from sealink.errors import UpstreamError
from sealink.net.client import UpstreamLimits, UpstreamPool
from sealink.net.client.origin_pool import OriginPool

HASTY = UpstreamLimits(reopen_pause_s=0.01, max_reopen_pause_s=0.04)
LONG_S = 0.3


class Server:
    """Numbers its connections, and remembers on which of them it was asked."""

    def __init__(self) -> None:
        self.accepted = 0
        self.asked_on: list[int] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.is_mute = False
        self.lets_go_after: int | None = None
        """Of so many requests on one connection: at the end of that one it is closed without an answer."""

    @property
    def open(self) -> int:
        return sum(not writer.transport.is_closing() for writer in self.connections)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.connections.append(writer)
        number = self.accepted
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await parse_request(reader):
                self.asked_on.append(number)
                if self.lets_go_after == len(self.asked_on):
                    break
                if not self.is_mute:
                    writer.write(OK)
        writer.transport.abort()

    def let_go(self) -> None:
        """Close all connections, as a server does that restarts."""
        for writer in self.connections:
            writer.transport.abort()


async def can_be_sent_at_once(pool: UpstreamPool, url: str) -> bool:
    """Whether a request goes out in the very call that brings it, which no connection that must be opened allows."""
    sent = asyncio.Event()
    request = post(url)
    request.on_connected = sent.set
    sending = asyncio.ensure_future(pool.send(request, connect_s=5))
    await asyncio.sleep(0)
    at_once = sent.is_set()
    response = await sending
    assert await read_all(response) == b"ok"
    response.close()
    return at_once


@pytest.fixture(scope="module")
def certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS as a server speaks it, and as one does who trusts that server."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


@on_both_loops
async def test_the_first_request_finds_a_connection_open() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled() as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 1, connect_s=5)
        await until(lambda: pool.idle == 1)
        assert server.asked_on == []
        assert await can_be_sent_at_once(pool, url)
        assert server.asked_on == [1]


@on_both_loops
async def test_so_it_does_with_tls(certified: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server = Server()
    async with serving(server.converse, certified[0]) as port, pooled(tls=certified[1]) as pool:
        url = f"https://127.0.0.1:{port}/"
        pool.keep_warm(url, 1, connect_s=5)
        await until(lambda: pool.idle == 1)
        assert await can_be_sent_at_once(pool, url)
        assert server.asked_on == [1]


@on_both_loops
async def test_without_it_it_does_not() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled() as pool:
        pool.keep_warm(f"http://127.0.0.1:{port}/", 0, connect_s=5)
        assert not await can_be_sent_at_once(pool, f"http://127.0.0.1:{port}/")


@on_both_loops
async def test_one_that_is_taken_is_replaced_at_once() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled() as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 2, connect_s=5)
        await until(lambda: pool.idle == 2)
        server.is_mute = True
        waiting = [asyncio.ensure_future(pool.send(post(url), connect_s=5)) for _ in range(4)]
        await until(lambda: len(server.asked_on) == 4)
        await until(lambda: pool.idle == 2)
        for task in waiting:
            task.cancel()


@on_both_loops
async def test_in_steady_use_no_more_is_opened() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled() as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 1, connect_s=5)
        await until(lambda: pool.idle == 1)
        for _ in range(20):
            await ask(pool, url)
        await until(lambda: pool.idle == server.accepted)
        assert server.accepted <= 2


@on_both_loops
async def test_those_that_the_server_closes_are_replaced() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled(HASTY) as pool:
        pool.keep_warm(f"http://127.0.0.1:{port}/", 2, connect_s=5)
        for generation in range(1, 4):
            await until(lambda: pool.idle == 2 == server.open)
            assert server.accepted == 2 * generation
            server.let_go()


@on_both_loops
async def test_a_server_that_lets_go_at_once_is_not_hammered() -> None:
    accepted = 0

    async def slam(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.transport.abort()

    async with serving(slam) as port, pooled(HASTY) as pool:
        pool.keep_warm(f"http://127.0.0.1:{port}/", 2, connect_s=5)
        await asyncio.sleep(LONG_S)
        # Two at a time, and pauses of at least half of 10, 20, 40, 40, … ms.
        assert 6 <= accepted <= 2 * (3 + LONG_S / 0.02)


@on_both_loops
async def test_a_dead_server_is_not_hammered_and_is_found_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0
    connect = OriginPool.connect

    async def counted(*arguments: object) -> object:
        nonlocal tries
        tries += 1
        return await connect(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(OriginPool, "connect", counted)
    with socket.socket() as place:  # bound, so that nobody else takes it, and not listening
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
        async with pooled(HASTY) as pool:
            pool.keep_warm(f"http://127.0.0.1:{port}/", 1, connect_s=5)
            await asyncio.sleep(LONG_S)
            assert 3 <= tries <= 3 + LONG_S / 0.02
            assert (await failure_of(ask(pool, f"http://127.0.0.1:{port}/"))).code == "upstream_refused"
            place.listen()
            await until(lambda: pool.idle == 1)


@on_both_loops
async def test_a_request_that_finds_one_ends_the_pauses() -> None:
    server = Server()
    limits = UpstreamLimits(reopen_pause_s=60.0)
    async with serving(server.converse) as port, pooled(limits) as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 2, connect_s=5)
        await until(lambda: pool.idle == 2)
        server.connections[0].transport.abort()
        await until(lambda: pool.idle == 1)
        await ask(pool, url)
        await until(lambda: pool.idle >= 2)


@on_both_loops
async def test_the_last_place_is_left_to_a_request() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled(UpstreamLimits(max_connections_per_origin=3)) as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 5, connect_s=5)
        await until(lambda: pool.idle == 2)
        server.is_mute = True
        waiting = [asyncio.ensure_future(pool.send(post(url), connect_s=5)) for _ in range(3)]
        await until(lambda: len(server.asked_on) == 3)
        assert (await failure_of(pool.send(post(url), connect_s=5))).code == "overloaded"
        for task in waiting:
            task.cancel()
        await until(lambda: pool.idle == 2)
        assert server.accepted == 5


@on_both_loops
async def test_no_more_are_kept_than_may_be_idle() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled(UpstreamLimits(max_idle_per_origin=2)) as pool:
        pool.keep_warm(f"http://127.0.0.1:{port}/", 5, connect_s=5)
        await until(lambda: pool.idle == 2)
        await asyncio.sleep(0.05)
        assert server.accepted == 2


@on_both_loops
async def test_the_largest_number_for_an_origin_counts() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled() as pool:
        for path, wanted in (("a", 1), ("b", 3), ("c", 2)):
            pool.keep_warm(f"http://127.0.0.1:{port}/{path}", wanted, connect_s=5)
        await until(lambda: pool.idle == 3)


@on_both_loops
async def test_they_outlast_the_others() -> None:
    server = Server()
    async with serving(server.converse) as port, pooled(UpstreamLimits(max_idle_s=0.05)) as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 1, connect_s=5)
        await asyncio.gather(*(ask(pool, url) for _ in range(5)))
        assert pool.idle >= 5
        await until(lambda: pool.idle == 1)
        accepted = server.accepted
        await asyncio.sleep(0.15)
        assert (pool.idle, server.open, server.accepted) == (1, 1, accepted)


@on_both_loops
async def test_a_request_on_one_that_the_server_has_let_go_is_sent_on_another() -> None:
    server = Server()
    server.lets_go_after = 1
    async with serving(server.converse) as port, pooled() as pool:
        url = f"http://127.0.0.1:{port}/"
        pool.keep_warm(url, 1, connect_s=5)
        await until(lambda: pool.idle == 1)
        assert await ask(pool, url) == b"ok"
        assert server.asked_on[0] == 1
        assert len(server.asked_on) == 2


@on_both_loops
async def test_a_pool_can_be_closed_while_one_is_opened() -> None:
    with socket.socket() as silent:  # takes the connection, and never answers the TLS that is spoken to it
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with pooled() as pool:
            pool.keep_warm(f"https://127.0.0.1:{silent.getsockname()[1]}/", 1, connect_s=60)
            await until(lambda: pool.active == 1)


@on_both_loops
async def test_they_are_not_replaced_when_the_pool_is_closed() -> None:
    server = Server()
    async with serving(server.converse) as port:
        async with pooled(HASTY) as pool:
            pool.keep_warm(f"http://127.0.0.1:{port}/", 2, connect_s=5)
            await until(lambda: pool.idle == 2)
        await until(lambda: server.open == 0)
        await asyncio.sleep(0.05)
        assert server.accepted == 2


@on_both_loops
async def test_a_url_that_cannot_be_used() -> None:
    async with pooled() as pool:
        with pytest.raises(UpstreamError, match="names no host"):
            pool.keep_warm("http:///", 1, connect_s=5)


@on_both_loops
async def test_to_an_origin_that_is_not_wanted_any_longer_no_connection_is_kept() -> None:
    server, other = Server(), Server()
    async with serving(server.converse) as port, serving(other.converse) as other_port, pooled(HASTY) as pool:
        url, kept = f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{other_port}/"
        pool.keep_warm(url, 2, connect_s=5)
        pool.keep_warm(kept, 1, connect_s=5)
        await until(lambda: pool.idle == 3)
        pool.retain([kept, "not a URL"])
        await until(lambda: server.open == 0)
        assert (pool.idle, other.open) == (1, 1)
        await ask(pool, url)  # an exchange that is under way may still come to it
        await until(lambda: server.open == 0)
        assert pool.idle == 1
        pool.retain([kept, url])
        await ask(pool, url)
        assert pool.idle == 2
