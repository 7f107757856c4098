"""Names of hosts: looked up once at a time, in a thread of their own, and kept for a moment."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from scripted_upstream import ask, on_both_loops, pooled, post, scripted, until

from sealink.errors import GatewayTimeout, UpstreamError
from sealink.net.client import UpstreamLimits, UpstreamPool
from sealink.net.client.resolver import Resolver


class NameServer:
    """In the place of socket.getaddrinfo: names that begin with `dead` hang until `release`, `none` does not exist."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.hanging = 0
        self._released = threading.Event()
        self._resolve = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int | None, **options: Any) -> Any:
        self.asked[host] += 1
        if host.startswith("dead"):
            self.hanging += 1
            self._released.wait()
            self.hanging -= 1
        if host == "none.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._resolve("127.0.0.1", port, **options)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    yield server
    server.release()


@on_both_loops
async def test_a_name_that_hangs_holds_up_nobody_else(names: NameServer) -> None:
    async with scripted() as upstream, pooled() as pool:
        dead = [asyncio.create_task(ask(pool, f"http://dead-{n}.example/")) for n in range(50)]
        await until(lambda: names.hanging == 50)
        assert await ask(pool, f"http://live.example:{upstream.port}/") == b"ok"
        for task in dead:
            task.cancel()
        await asyncio.wait(dead)


@on_both_loops
async def test_one_lookup_is_in_flight_for_a_name_whoever_gives_it_up(names: NameServer) -> None:
    async with pooled() as pool:
        for _ in range(3):
            asking = [pool.send(post(f"http://dead.example:{port}/"), connect_s=0.01) for port in (1, 2, 3)]
            told = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(error) for error in told] == [GatewayTimeout] * 3
        assert names.asked == {"dead.example": 1}


@on_both_loops
async def test_those_who_wait_for_a_name_get_the_same_answer_each_with_his_port(names: NameServer) -> None:
    resolver = Resolver(cache_s=0)
    asking = [asyncio.create_task(resolver.resolve("dead.example", port)) for port in (1, 2)]
    await until(lambda: names.hanging == 1)
    names.release()
    assert [addresses[0][4] for addresses in await asyncio.gather(*asking)] == [("127.0.0.1", 1), ("127.0.0.1", 2)]
    assert names.asked == {"dead.example": 1}
    await resolver.resolve("dead.example", 1)
    assert names.asked == {"dead.example": 2}  # cache_s is 0


@on_both_loops
async def test_an_answer_is_kept_for_a_moment(names: NameServer) -> None:
    resolver = Resolver(cache_s=0.02)
    for _ in range(3):
        await resolver.resolve("live.example", 1)
    assert names.asked == {"live.example": 1}
    await until(lambda: not resolver._lookups)
    await resolver.resolve("live.example", 1)
    assert names.asked == {"live.example": 2}


@on_both_loops
async def test_a_failure_is_not_kept(names: NameServer) -> None:
    async with pooled() as pool:
        for _ in range(2):
            with pytest.raises(UpstreamError) as told:
                await ask(pool, "http://none.example/")
            assert told.value.code == "upstream_unresolved"
    assert names.asked == {"none.example": 2}


@on_both_loops
async def test_addresses_that_cannot_be_reached_are_looked_up_again(names: NameServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with pooled(UpstreamLimits(dns_cache_s=60)) as pool:
            for _ in range(2):
                with pytest.raises(UpstreamError) as told:
                    await ask(pool, f"http://live.example:{closed.getsockname()[1]}/")
                assert told.value.code == "upstream_refused"
    assert names.asked == {"live.example": 2}


@on_both_loops
async def test_the_pool_closes_while_a_name_hangs(names: NameServer) -> None:
    pool = UpstreamPool()
    asking = asyncio.create_task(ask(pool, "http://dead.example/"))
    await until(lambda: names.hanging == 1)
    asking.cancel()
    await asyncio.wait([asking])
    await pool.close()


@on_both_loops
async def test_a_name_that_can_be_none() -> None:
    async with pooled() as pool:
        for host in ("a" * 64, "a..b"):
            with pytest.raises(UpstreamError) as told:
                await ask(pool, f"http://{host}/")
            assert told.value.code == "upstream_unresolved"


@on_both_loops
async def test_an_address_needs_no_lookup_and_localhost_does() -> None:
    resolver = Resolver(cache_s=0)
    for host in ("127.0.0.1", "::1"):
        assert (await resolver.resolve(host, 7))[0][4][:2] == (host, 7)
    assert all(address[4][1] == 7 for address in await resolver.resolve("localhost", 7))
