"""Several nodes that count in Redis: together, while it is away, and when it is back, with its data or without."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis import Redis

from redis_server import RedisServer
from sealink.errors import ServiceUnavailable
from sealink.limits.counters import Counters
from sealink.limits.nodes import node_counters
from sealink.limits.nodes.asking import Asking
from sealink.limits.nodes.batch import NodeLease
from sealink.limits.nodes.connection import RedisConnection
from sealink.limits.nodes.local_share import share_of, share_of_used
from sealink.limits.nodes.node_counters import NodeCounters
from sealink.limits.nodes.settings import SharedSettings
from sealink.limits.subjects import Cost, Credit, Recorded, Refusal, Subject, Subjects
from sealink.policy.budgets import Fund
from sealink.policy.limits import Need, UsageLimits

USD = 10**9
REQUEST = Need(0, 0, is_stated=True, streams=0)
STREAM = Need(0, 0, is_stated=True, streams=1)
KEY = Subject("key:dev", UsageLimits(requests_per_minute=10))
STREAMS = Subject("key:streams", UsageLimits(concurrent_streams=4))
BUDGET = Subject("key:paid", UsageLimits(budget_usd=1.0))
PATIENCE_S = 20.0

AsyncTest = Callable[..., Awaitable[None]]


def in_a_loop(test: AsyncTest) -> Callable[..., None]:
    """The test, run to its end."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


class Ledger:
    """What all nodes have settled."""

    def __init__(self) -> None:
        self.used: dict[str, Recorded] = {}
        self.is_away = False

    async def read(self, subject: Subject) -> Recorded:
        if self.is_away and subject.has_funds:
            raise ServiceUnavailable("The store is away.")
        return self.used.get(subject.name, Recorded())


class Node:
    def __init__(self, url: str, ledger: Ledger, folder: Path, name: str, timeout_s: float) -> None:
        settings = SharedSettings(redis_url=url, timeout_s=timeout_s, retry_s=0.05)
        self.ledger = ledger
        self.local = functools.cache(lambda: Counters(folder / name, 64))
        self.counters = NodeCounters(settings, self.local, ledger.read, self._flush)

    async def _flush(self) -> bool:
        return not self.ledger.is_away

    async def admit(self, subject: Subject, need: Need = REQUEST, cost: Cost = Cost()) -> NodeLease | Refusal:  # noqa: B008
        return await self.counters.admit([subject], need, cost, time.time())

    async def admitted(self, subject: Subject, need: Need = REQUEST, cost: Cost = Cost()) -> NodeLease:  # noqa: B008
        found = await self.admit(subject, need, cost)
        assert isinstance(found, NodeLease), found
        return found

    async def count(self, subject: Subject, need: Need = REQUEST) -> int:
        """How many are admitted until one is refused."""
        for number in range(100):
            if isinstance(await self.admit(subject, need), Refusal):
                return number
        raise AssertionError("there is no limit")

    def settle(self, lease: NodeLease, price: int = 0) -> None:
        """As the gateway does: the ledger first."""
        for subject in lease.subjects:
            before = self.ledger.used.get(subject.name, Recorded())
            requests = before.requests + 1
            self.ledger.used[subject.name] = Recorded(requests, 0, requests, before.in_period + price)
        self.counters.settle(lease, 0, price)

    async def until_it_is_away(self) -> None:
        await until(lambda: self.counters.away is not None)

    async def until_it_is_back(self) -> None:
        await until(lambda: self.counters.away is None and not self.counters._behind)


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    redis_server.clear()
    return redis_server


@in_a_loop
async def test_while_redis_is_away_it_is_not_said_what_is_used(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        await one.admitted(KEY)
        assert [used and used.requests.total for used in await two.counters.used([KEY, STREAMS])] == [1, 0]
        redis.kill()
        try:
            await one.until_it_is_away()
            assert await one.counters.used([KEY, STREAMS]) == [None, None]
            assert await one.counters.look([KEY], REQUEST, Cost(), time.time()) is None
        finally:
            redis.start()


@contextlib.asynccontextmanager
async def two_nodes(redis: RedisServer, folder: Path, timeout_s: float = 10) -> AsyncIterator[tuple[Node, Node]]:
    ledger = Ledger()
    nodes = [Node(redis.url, ledger, folder, name, timeout_s) for name in ("one", "two")]
    for node in nodes:
        await node.counters.start()
    try:
        yield nodes[0], nodes[1]
    finally:
        for node in nodes:
            await node.counters.stop()
            node.local().close()


@in_a_loop
async def test_two_nodes_together_get_the_limit(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        found = await asyncio.gather(*(node.admit(KEY) for node in (one, two) for _ in range(30)))
        assert sum(isinstance(each, NodeLease) for each in found) == 10


@in_a_loop
async def test_what_a_dead_node_held_is_free_when_it_is_needed(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        for _ in range(4):
            await one.admitted(STREAMS, STREAM)
        assert isinstance(await two.admit(STREAMS, STREAM), Refusal)
        with redis.client() as client:
            client.delete(f"{{sealink}}:process:{one.counters._process}")  # as if it had not been heard of any more
        assert await two.count(STREAMS, STREAM) == 4
        await one.until_it_is_away()  # it was taken for dead: it says again what it holds
        await one.until_it_is_back()
        with redis.client() as client:
            assert client.hget("{sealink}:key:streams", "streams") == b"8"


@in_a_loop
async def test_a_client_that_leaves_before_the_answer_holds_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        left = [asyncio.ensure_future(one.admit(STREAMS, STREAM)) for _ in range(4)]
        await asyncio.sleep(0)
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await one.admitted(KEY)  # the answers come in order
        assert await two.count(STREAMS, STREAM) == 4
        assert not one.counters._behind


@in_a_loop
async def test_who_asked_is_called_with_the_answer(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        for number in range(5):
            asked = ask(one, STREAMS, STREAM)
            found = await answer(asked)
            assert isinstance(found, NodeLease if number < 4 else Refusal)
        assert isinstance(await two.admit(STREAMS, STREAM), Refusal)


@in_a_loop
async def test_what_was_granted_to_one_that_has_given_up_goes_back(redis: RedisServer, tmp_path: Path) -> None:
    """Before the answer, or after it and before anything was made of it."""
    async with two_nodes(redis, tmp_path) as (one, two):
        answered, early = ask(one, STREAMS, STREAM), ask(one, STREAMS, STREAM)
        called = list[None]()
        early.on_answer = lambda: called.append(None)
        early.give_up()
        await answer(answered)
        answered.give_up()
        await one.admitted(KEY)  # the answers come in order
        assert called == []
        assert [lease.streams for lease in one.counters._open.values()] == [0]
        assert await two.count(STREAMS, STREAM) == 4


@in_a_loop
async def test_who_asked_just_before_redis_went_is_called_and_asks_again(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, _):
        await one.admitted(BUDGET)
        redis.kill()
        try:
            asked = ask(one, BUDGET)
            assert await answer(asked) is None
            assert BUDGET.name in one.counters._behind  # it may have been let in there
            assert one.counters.ask([BUDGET], REQUEST, Cost(), time.time(), lambda found: found) is None
            await one.admitted(BUDGET)  # alone
        finally:
            redis.start()


@in_a_loop
async def test_spending_that_redis_does_not_know_is_not_decided_by_a_call(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, _):
        asked = ask(one, BUDGET)
        assert await answer(asked) is None
        assert asked.unknown == [BUDGET]
        await one.admitted(BUDGET)
        assert isinstance(await answer(ask(one, BUDGET)), NodeLease)


@in_a_loop
async def test_what_is_little_of_what_was_left_is_known_from_the_last_answer(
    redis: RedisServer, tmp_path: Path
) -> None:
    subjects = Subjects([Subject("key:rich", UsageLimits(tokens_per_minute=1000, budget_usd=1.0))])
    async with two_nodes(redis, tmp_path) as (one, _):

        def is_little(tokens: int, price: int) -> bool:
            need = Need(tokens, 0, is_stated=True, streams=0)
            asked = one.counters.ask(subjects, need, Cost(price), time.time(), lambda found: found, if_little=True)
            if asked is not None:
                asked.give_up()
            return asked is not None

        assert not is_little(1, 1)
        await one.counters.admit(subjects, Need(100, 0, is_stated=True, streams=0), Cost(USD // 2), time.time())
        assert is_little(9, USD // 200)
        assert not is_little(10, 0)
        assert not is_little(0, USD // 200 + 1)


Found = NodeLease | Refusal | None


def ask(node: Node, subject: Subject, need: Need = REQUEST) -> Asking[Found]:
    asked = node.counters.ask([subject], need, Cost(), time.time(), lambda found: found)
    assert asked is not None
    return asked


async def answer(asked: Asking[Found]) -> Found:
    answered = asyncio.Event()
    asked.on_answer = answered.set
    await answered.wait()
    return asked.decide()


@in_a_loop
async def test_without_redis_each_node_has_its_share_of_what_is_left(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        for _ in range(4):
            one.settle(await one.admitted(KEY))
        open_stream = await one.admitted(STREAMS, STREAM)
        redis.kill()
        try:
            for node in (one, two):
                await node.until_it_is_away()
                assert await node.count(KEY) == 3  # half of 6
            assert await one.count(STREAMS, STREAM) == 1  # with the one that is open
            assert await two.count(STREAMS, STREAM) == 2
        finally:
            redis.start()
        for node in (one, two):
            await node.until_it_is_back()
        with redis.client() as client:
            assert client.hget("{sealink}:key:streams", "streams") == b"4"
        assert isinstance(await one.admit(KEY), Refusal)
        one.settle(open_stream)
        await one.admitted(STREAMS, STREAM)
        assert isinstance(await two.admit(STREAMS, STREAM), Refusal)


@in_a_loop
async def test_what_was_spent_without_redis_is_counted_exactly(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        one.settle(await one.admitted(BUDGET, cost=Cost(USD // 5)), USD // 5)
        held = await two.admitted(BUDGET, cost=Cost(USD // 10))
        redis.kill()
        try:
            for node in (one, two):
                await node.until_it_is_away()
            assert isinstance(await one.admit(BUDGET, cost=Cost(USD // 2)), Refusal)  # half of 0.8 is less
            one.settle(await one.admitted(BUDGET, cost=Cost(2 * USD // 5)), 2 * USD // 5)
            two.settle(held, USD // 10)
            over_the_end = await two.admitted(BUDGET, cost=Cost(USD // 20))
        finally:
            redis.start()
        for node in (one, two):
            await node.until_it_is_back()
        refusal = await one.admit(BUDGET, cost=Cost(USD))
        assert isinstance(refusal, Refusal)
        assert refusal.reason == Fund("budget_exceeded", USD, 7 * USD // 10, USD // 20)
        two.settle(over_the_end, USD // 20)
        assert (await two.admitted(BUDGET, cost=Cost(USD // 4))).reserved == USD // 4
        assert isinstance(await two.admit(BUDGET, cost=Cost(1)), Refusal)


@in_a_loop
async def test_what_is_settled_just_as_redis_goes_is_counted_when_it_is_back(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with two_nodes(redis, tmp_path) as (one, _):
        lease = await one.admitted(BUDGET, cost=Cost(USD // 5))
        redis.kill()
        assert one.counters.away is None
        one.settle(lease, USD // 5)  # it is sent, and nobody receives it
        try:
            await one.until_it_is_away()
        finally:
            redis.start()
        await one.until_it_is_back()
        assert spent(redis, BUDGET) == USD // 5


@in_a_loop
async def test_what_a_dead_process_may_not_have_counted_is_told_at_the_latest_when_a_node_stops(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with two_nodes(redis, tmp_path) as (one, _):
        one.settle(await one.admitted(BUDGET, cost=Cost(USD // 5)), USD // 5)
        one.ledger.used[BUDGET.name] = Recorded(2, 0, 2, USD // 2)
        one.counters.recover([BUDGET])
    assert spent(redis, BUDGET) == USD // 2


@in_a_loop
async def test_a_process_that_has_much_to_tell_is_not_taken_for_dead(redis: RedisServer, tmp_path: Path) -> None:
    """Reading what thousands of keys have spent takes longer than a process counts as living."""
    async with two_nodes(redis, tmp_path) as (one, _):
        happened, read, say_alive = list[str](), one.counters._read, one.counters._say_alive

        async def noted_read(subject: Subject) -> Recorded:
            happened.append("read")
            return await read(subject)

        async def noted_alive(connection: RedisConnection) -> tuple[bool, bytes]:
            happened.append("alive")
            return await say_alive(connection)

        keys = [Subject(f"key:{number}", UsageLimits(budget_usd=1.0)) for number in range(100)]
        one.ledger.used = {key.name: Recorded(1, 0, 1, 7) for key in keys}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(node_counters, "BEAT_S", 0.0)
            patch.setattr(one.counters, "_read", noted_read)
            patch.setattr(one.counters, "_say_alive", noted_alive)
            one.counters.recover(keys)
            await until(lambda: not one.counters._behind)
        assert happened[happened.index("read") :][:200] == ["read", "alive"] * 100
        assert [spent(redis, key) for key in keys] == [7] * 100


def spent(redis: RedisServer, subject: Subject) -> int:
    with redis.client() as client:
        return int(client.hget(f"{{sealink}}:{subject.name}", "spent") or 0)


@in_a_loop
async def test_lost_data_are_made_anew_by_the_ledger(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        for _ in range(3):
            one.settle(await one.admitted(KEY))
        await two.admitted(KEY)
        one.settle(await one.admitted(BUDGET, cost=Cost(USD // 5)), USD // 5)
        await two.admitted(BUDGET, cost=Cost(USD // 5))
        await two.admitted(STREAMS, STREAM)
        redis.kill()
        for node in (one, two):
            await node.until_it_is_away()
        redis.lose_data()
        redis.start()
        for node in (one, two):
            await node.until_it_is_back()
        assert await one.count(KEY) == 6
        assert await one.count(STREAMS, STREAM) == 3
        refusal = await one.admit(BUDGET, cost=Cost(USD))
        assert isinstance(refusal, Refusal)
        assert refusal.reason == Fund("budget_exceeded", USD, USD // 5, USD // 5)


@in_a_loop
async def test_with_redis_and_the_store_away_nothing_is_spent(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, _):
        one.ledger.is_away = True
        redis.kill()
        try:
            await one.until_it_is_away()
            with pytest.raises(ServiceUnavailable):
                await one.admit(BUDGET)
            await one.admitted(KEY)
        finally:
            redis.start()
        await until(lambda: one.counters.away is None)
        with pytest.raises(ServiceUnavailable):
            await one.admit(BUDGET)
        one.ledger.is_away = False
        await one.until_it_is_back()
        await one.admitted(BUDGET)


@in_a_loop
async def test_more_money_is_asked_for_ahead(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path) as (one, two):
        lease = await one.admitted(BUDGET, cost=Cost(0, USD // 10, may_be_cut=True))
        assert lease.reserved == USD // 10
        assert one.counters.reserve_more(lease, USD // 10, time.time()) == 0  # what Redis grants comes later
        await one.admitted(KEY)
        assert lease.reserved == USD // 5
        other = await two.admitted(BUDGET, cost=Cost(0, USD, may_be_cut=True))
        assert other.reserved == 4 * USD // 5
        assert one.counters.reserve_spent(lease, USD // 10, time.time()) == USD // 10  # it is spent, come what may
        assert lease.reserved == 3 * USD // 10
        one.settle(lease, USD // 5)  # before the answer
        await one.admitted(KEY)
        with redis.client() as client:
            assert client.hmget("{sealink}:key:paid", "reserved", "spent") == [b"800000000", b"200000000"]
        assert two.counters.reserve_more(other, USD // 10, time.time()) == 0
        await two.admitted(KEY)
        assert other.reserved == 4 * USD // 5


@in_a_loop
async def test_a_redis_that_hangs_is_away(redis: RedisServer, tmp_path: Path) -> None:
    async with two_nodes(redis, tmp_path, timeout_s=0.5) as (one, _):
        with redis.client() as client:
            client.client_pause(1500)
        await one.admitted(KEY)  # by itself
        assert one.counters.away == "it has not answered for 0.5 s"
        await one.until_it_is_back()


@pytest.mark.serial
@in_a_loop
async def test_an_admission_is_one_round_trip(
    redis: RedisServer, tmp_path: Path, report: Callable[[str], None]
) -> None:
    """For key, team and model together. Besides, each node says now and then that it lives."""
    wide = UsageLimits(requests_per_minute=10**9, tokens_per_minute=10**12, requests_per_day=10**9)
    subjects = [Subject(name, wide) for name in ("key:wide", "team:wide", "model:wide")]
    took, trips = list[float](), list[float]()
    with redis.client() as client:
        async with two_nodes(redis, tmp_path) as (one, _):
            await one.counters.admit(subjects, REQUEST, Cost(), time.time())
            before, began = evaluations(client), time.monotonic()
            for _ in range(500):
                started = time.perf_counter()
                assert isinstance(await one.counters.admit(subjects, REQUEST, Cost(), time.time()), NodeLease)
                took.append(time.perf_counter() - started)
                started = time.perf_counter()
                client.ping()
                trips.append(time.perf_counter() - started)
            beats = 2 * (1 + (time.monotonic() - began) / node_counters.BEAT_S)
            assert 500 <= evaluations(client) - before <= 500 + beats
    for what, times in (("an admission", took), ("a PING", trips)):
        times.sort()
        report(f"Redis: {what} takes {times[250] * 1e6:.0f} µs, p99 {times[495] * 1e6:.0f} µs")


def evaluations(client: Redis) -> int:
    """How often Redis has run a script."""
    return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


def test_a_process_leaves_nothing_behind(redis: RedisServer, tmp_path: Path) -> None:
    async def live() -> str:
        async with two_nodes(redis, tmp_path) as (one, _):
            one.settle(await one.admitted(STREAMS, STREAM))
            return one.counters._process

    process = asyncio.run(live())
    with redis.client() as client:
        names = [name.decode() for name in client.hkeys("{sealink}:key:streams")]
    assert not [name for name in names if process in name]


def test_a_node_that_dies_is_found_dead_within_ten_seconds() -> None:
    assert node_counters.LIVE_S + node_counters.BEAT_S < 10
    assert 3 * node_counters.BEAT_S < node_counters.LIVE_S


def test_a_share_of_limits_and_of_what_is_left() -> None:
    limits = UsageLimits(requests_per_minute=5, tokens_per_minute=1, concurrent_streams=0, budget_usd=1.0)
    used = Recorded(3, 10, 0, in_period=USD // 5, of_balance=3 * USD)
    share = share_of(Subject("key:a", limits, Credit(2 * USD, 1)), 0.5, used)
    assert share.limits == UsageLimits(requests_per_minute=2, tokens_per_minute=1, concurrent_streams=0, budget_usd=0.6)
    assert share.credit == Credit(2 * USD, 1)  # all of it is spent
    assert share_of_used(used, 0.5) == Recorded(2, 5, 0, USD // 5, 3 * USD)
