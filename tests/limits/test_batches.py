"""Requests that Redis lets in before they come: few commands, nothing beyond a limit, and in the end what was used."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_node_counters import Ledger, Node, evaluations, in_a_loop, until

from redis_server import RedisServer
from sealink.limits.nodes import node_counters
from sealink.limits.nodes.batch import MOST_TIMES, NodeLease, Supply
from sealink.limits.nodes.settings import SharedSettings
from sealink.limits.subjects import Cost, Recorded, Refusal, Subject, Subjects
from sealink.policy.limits import Need, UsageLimits

USD = 10**9
WIDE = UsageLimits(
    requests_per_minute=10**6,
    requests_per_day=10**7,
    tokens_per_minute=10**9,
    concurrent_streams=10**5,
    budget_usd=100_000.0,
    budget_period="total",
)
NEED = Need(100, 400, is_stated=True, streams=1)
COST = Cost(1000, 4000, may_be_cut=True, spare=12_003)


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    redis_server.clear()
    return redis_server


@contextlib.asynccontextmanager
async def nodes(redis: RedisServer, folder: Path, count: int = 1, ahead_s: float = 10) -> AsyncIterator[list[Node]]:
    ledger = Ledger()
    started = [Node(redis.url, ledger, folder, f"{number}", 10) for number in range(count)]
    for node in started:
        node.counters._settings = SharedSettings(redis_url=redis.url, timeout_s=10, retry_s=0.05, ahead_s=ahead_s)
        await node.counters.start()
    try:
        yield started
    finally:
        for node in started:
            await node.counters.stop()
            node.local().close()


def rich() -> Subjects:
    return Subjects([Subject("key:rich", WIDE), Subject("team:rich", WIDE)])


async def let_in(node: Node, subjects: Subjects, need: Need = NEED, cost: Cost = COST) -> NodeLease | Refusal:
    """As the gateway does: one that was let in ahead, or one that is asked for."""
    now_s = time.time()
    lease = node.counters.take(subjects, need, cost, now_s)
    if lease is not None:
        return lease
    found, asked = None, node.counters.ask(subjects, need, cost, now_s, lambda found: found, if_little=True)
    if asked is not None:
        await asked.wait_for_answer()
        found = asked.decide()
    return found or await node.counters.admit(subjects, need, cost, now_s)


async def lease_of(node: Node, subjects: Subjects, need: Need = NEED, cost: Cost = COST) -> NodeLease:
    found = await let_in(node, subjects, need, cost)
    assert isinstance(found, NodeLease), found
    return found


class Counted(NamedTuple):
    """What Redis has of a subject."""

    requests: int
    tokens: int
    of_day: int
    streams: int
    reserved: int
    spent: int


def counted(redis: RedisServer, name: str = "key:rich") -> Counted:
    with redis.client() as client:
        values = client.hmget(f"{{sealink}}:{name}", ["t1", "t2", "t3", "streams", "reserved", "spent"])
    return Counted(*(int(value or 0) for value in values))


@in_a_loop
async def test_many_requests_take_few_commands_and_count_as_what_they_were(redis: RedisServer, tmp_path: Path) -> None:
    subjects = rich()
    with redis.client() as client:
        async with nodes(redis, tmp_path) as (one,):
            await lease_of(one, subjects)
            before, began = evaluations(client), time.monotonic()
            leases = [await lease_of(one, subjects) for _ in range(500)]
            beats = 1 + (time.monotonic() - began) / node_counters.BEAT_S
            assert evaluations(client) - before <= 500 / MOST_TIMES + 10 + beats
            for lease in leases:
                one.counters.settle(lease, 50, 7)
            await until(lambda: counted(redis).spent == 500 * 7)
            assert evaluations(client) - before <= 3 * (500 / MOST_TIMES + 10 + beats)
        # The first one was never settled: its tokens stay, and are its process's no more.
        assert (
            counted(redis) == counted(redis, "team:rich") == Counted(501, 500 * 50 + 500, 501, 1, 5000 + 12_003, 3500)
        )


@in_a_loop
async def test_what_nobody_takes_goes_back_after_its_time(redis: RedisServer, tmp_path: Path) -> None:
    subjects = rich()
    async with nodes(redis, tmp_path, ahead_s=0.05) as (one,):
        leases = [await lease_of(one, subjects) for _ in range(40)]
        await until(lambda: counted(redis).requests == 40)
        assert counted(redis) == Counted(40, 40 * 500, 40, 40, 40 * 17_003, 0)
        for lease in leases[:-1]:
            one.counters.settle(lease, 500, 5000)
        one.counters.undo(leases[-1])
        await until(lambda: counted(redis).streams == 0)
        assert counted(redis) == Counted(39, 39 * 500, 39, 0, 0, 39 * 5000)


@in_a_loop
async def test_a_limit_is_kept_and_used_to_its_end_by_nodes_that_have_some_ahead(
    redis: RedisServer, tmp_path: Path
) -> None:
    limit = 5000
    subjects = Subjects([Subject("key:hammered", UsageLimits(requests_per_minute=limit))])
    need, let = Need(0, 0, is_stated=True, streams=0), 0
    with redis.client() as client:
        async with nodes(redis, tmp_path, 2, ahead_s=0.05) as both:
            before, refused = evaluations(client), 0.0
            while not refused or time.monotonic() < refused + 0.5:  # what is left of batches goes back meanwhile
                found = [await let_in(node, subjects, need, Cost()) for node in both]
                let += sum(isinstance(each, NodeLease) for each in found)
                assert let <= limit
                if any(isinstance(each, Refusal) for each in found):
                    refused = refused or time.monotonic()
                    await asyncio.sleep(0.01)
            assert evaluations(client) - before < limit / 2
    assert let == limit


@in_a_loop
async def test_they_count_for_as_long_as_if_all_had_begun_at_the_last_moment(
    redis: RedisServer, tmp_path: Path
) -> None:
    subjects, now_us = rich(), 1_700_000_000_000_000
    async with nodes(redis, tmp_path, ahead_s=10) as (one,):
        one.counters._commands.now_us = now_us
        for _ in range(20):
            await lease_of(one, subjects)
        for after_s, total in ((0, 20), (69.9, 18), (71, 0)):  # the first two were asked for by themselves
            one.counters._commands.now_us = now_us + int(after_s * 1_000_000)
            used = (await one.counters.used(subjects))[0]
            assert used is not None
            assert used.requests.total == total


@in_a_loop
async def test_who_needs_more_is_asked_for_by_itself(redis: RedisServer, tmp_path: Path) -> None:
    subjects = rich()
    async with nodes(redis, tmp_path) as (one,):
        for _ in range(5):
            await lease_of(one, subjects)
        take = partial(one.counters.take, subjects, now_s=time.time())
        for need, cost in (
            (NEED._replace(prompt_tokens=101), COST),
            (NEED._replace(answer_tokens=401), COST),
            (NEED._replace(is_stated=False), COST),
            (NEED._replace(streams=0), COST),
            (NEED, COST._replace(prompt=1001)),
            (NEED, COST._replace(answer=4001)),
        ):
            assert take(need, cost) is None
        less = take(NEED._replace(prompt_tokens=1), COST._replace(prompt=10, answer=1, spare=6))
        assert less is not None
        assert (list(less.tokens), less.reserved) == ([500, 500], 17_003)


@in_a_loop
async def test_nothing_is_let_in_ahead_where_that_is_switched_off(redis: RedisServer, tmp_path: Path) -> None:
    subjects = rich()
    with redis.client() as client:
        async with nodes(redis, tmp_path, ahead_s=0) as (one,):
            before = evaluations(client)
            for _ in range(50):
                await lease_of(one, subjects)
            assert evaluations(client) - before >= 50


@in_a_loop
async def test_what_is_used_is_asked_without_what_was_let_in_ahead(redis: RedisServer, tmp_path: Path) -> None:
    subjects = rich()
    async with nodes(redis, tmp_path) as (one,):
        for _ in range(9):
            one.counters.settle(await lease_of(one, subjects), 50, 7)
        used = await one.counters.used(subjects)
        assert used[0] is not None
        assert (used[0].requests.total, used[0].tokens.total, used[0].streams) == (9, 9 * 50, 0)
        assert counted(redis).spent == 9 * 7


@in_a_loop
async def test_redis_goes_while_some_are_let_in_ahead(redis: RedisServer, tmp_path: Path) -> None:
    """What they have used is counted by the ledger when it is back, and what nobody took is not held any more."""
    subjects = rich()
    async with nodes(redis, tmp_path) as (one,):
        leases = [await lease_of(one, subjects) for _ in range(8)]
        settle(one, leases[0], 11)
        redis.kill()
        settle(one, leases[1], 13)
        try:
            await one.until_it_is_away()
            assert one.counters.take(subjects, NEED, COST, time.time()) is None
            settle(one, leases[2], 17)
        finally:
            redis.start()
        await one.until_it_is_back()
        assert counted(redis).spent == 11 + 13 + 17
        assert (counted(redis).streams, counted(redis).reserved) == (5, 5 * 17_003)
        for lease in leases[3:]:
            settle(one, lease, 1)
        await until(lambda: counted(redis).spent == 41 + 5)
        assert (counted(redis).streams, counted(redis).reserved) == (0, 0)


def settle(node: Node, lease: NodeLease, price: int) -> None:
    """The ledger first."""
    for subject in lease.subjects:
        before = node.ledger.used.get(subject.name, Recorded())
        node.ledger.used[subject.name] = before._replace(in_period=before.in_period + price)
    node.counters.settle(lease, 50, price)


def test_it_is_asked_for_twice_as_many_while_they_do_not_last() -> None:
    supply, asked = Supply(), list[int]()
    for now_s in (10.0, 10.1, 10.2, 10.25, 10.3, 10.35, 10.4):
        asked.append(supply.ask(now_s, 0.25))
        assert supply.ask(now_s, 0.25) == 1 or asked[-1] == 1  # the others are on their way
        supply.is_asked = False
    assert asked[0] == 1
    assert asked[-1] == MOST_TIMES
    assert supply.ask(20.0, 0.25) == MOST_TIMES // 2


ENDS = st.tuples(st.sampled_from(("settle", "undo")), st.integers(0, 600), st.integers(0, 5000))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("let in"), st.integers(1, 40), st.integers(50, 500)),
        ENDS,
        st.tuples(st.sampled_from(("tell", "expire", "wait")), st.integers(1, 40_000_000), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, began_us=st.integers(0, 60_000_000))
@example(steps=[("let in", 3, 50), ("let in", 1, 500)], began_us=0)  # one by itself, after some that count later
def test_nothing_that_is_used_is_ever_missing(
    redis_server: RedisServer, steps: list[tuple[str, int, int]], began_us: int
) -> None:
    """And when all have ended, exactly that is counted. The clock is the test's."""
    redis_server.clear()
    asyncio.run(asyncio.wait_for(Model(redis_server, began_us).run(steps), 60))


class Model:
    """Requests at times of its own, in microseconds."""

    def __init__(self, redis: RedisServer, began_us: int) -> None:
        self.redis = redis
        self.now_us = self.first_us = 1_700_000_000_000_000 + began_us
        self.subjects = rich()
        self.open: list[NodeLease] = []
        self.requests = self.tokens = self.spent = 0
        """That have begun, and of those that have ended the tokens, and the price."""

    async def run(self, steps: list[tuple[str, int, int]]) -> None:
        shared = SharedSettings(redis_url=self.redis.url, timeout_s=10, ahead_s=10)
        self.node = Node(self.redis.url, Ledger(), Path("/nonexistent"), "model", 10)
        self.counters = self.node.counters
        self.counters._settings = shared
        await self.counters.start()
        for what, number, other in steps:
            self.counters._commands.now_us = self.now_us
            await self.step(what, number, other)
            self.check(await self.now_counted())
        while self.open:
            self.end("settle", 20, 3)
        self.counters._batches.tell(expire=True)
        now = await self.now_counted()
        self.check(now)
        assert (now.streams, now.reserved, now.spent) == (0, 0, self.spent)
        if self.now_us - self.first_us + 10_000_000 < 55_000_000:  # else some of it is over
            assert (now.requests, now.tokens, now.of_day) == (self.requests, self.tokens, self.requests)
        await self.counters.stop()

    async def now_counted(self) -> Counted:
        """After all that Redis was told."""
        connection = self.counters._connection
        assert connection is not None
        await connection.ask(self.counters._commands.living(60))
        assert counted(self.redis) == counted(self.redis, "team:rich")
        return counted(self.redis)

    async def step(self, what: str, number: int, other: int) -> None:
        if what == "let in":
            for _ in range(number):
                need = NEED._replace(prompt_tokens=other // 5, answer_tokens=other)
                self.open.append(await lease_of(self.node, self.subjects, need))
                self.requests += 1
        elif what in ("settle", "undo"):
            self.end(what, number, other)
        else:
            self.counters._batches.tell(expire=what != "tell")
            if what == "wait":  # their time is over then
                self.now_us += number

    def end(self, what: str, tokens: int, price: int) -> None:
        if not self.open:
            return
        lease = self.open.pop(tokens % len(self.open))
        if what == "settle":
            self.counters.settle(lease, tokens, price)
            self.spent += price
            self.tokens += tokens
        else:
            self.counters.undo(lease)
            self.requests -= 1

    def check(self, now: Counted) -> None:
        assert now.streams >= len(self.open)
        assert now.reserved >= sum(lease.reserved for lease in self.open)
        assert now.spent <= self.spent
        if self.now_us - self.first_us < 60_000_000:
            assert now.requests >= self.requests
            assert now.tokens >= sum(lease.tokens[0] for lease in self.open)
