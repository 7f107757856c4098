"""The same decisions wherever requests are counted: in a file of one machine, by Python or by C; or in Redis."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outside import absent
from redis_server import RedisServer
from sealink.catalog.prices import PriceRule
from sealink.catalog.rates import Rates
from sealink.gateway.limits.estimate import spare_times, times_reserved
from sealink.limits import plain_slots
from sealink.limits.counters import Counters
from sealink.limits.plain_slots import PlainLease, prices_of
from sealink.limits.shared_file import number_of_request
from sealink.limits.subjects import Cost, Credit, Lease, Recorded, Refusal, Settled, Subject, Subjects
from sealink.policy.budgets import Fund
from sealink.policy.limits import DAY_NS, MINUTE_NS, Excess, Need, UsageLimits

USD = 10**9
NOW = 1_700_000_000.0
START_NS = 20_000 * DAY_NS
SMALL = Need(1, 1, is_stated=True, streams=0)
LARGE = Need(10, 90, is_stated=True, streams=0)
STREAM = Need(1, 1, is_stated=True, streams=1)
FREE = Cost()

KEY = Subject("key:dev", UsageLimits(requests_per_minute=3, tokens_per_minute=250, concurrent_streams=2))
TEAM = Subject("team:research", UsageLimits(requests_per_minute=4, requests_per_day=5))
COUNTED = ("requests_per_minute", "tokens_per_minute", "concurrent_streams", "requests_per_day")
OTHER = Subject("key:other", UsageLimits())
BUDGET = Subject("key:b", UsageLimits(budget_usd=1.0, budget_period="day"))
BALANCE = Subject("key:c", UsageLimits(), Credit(2 * USD, int(NOW) - 100))
BOTH = Subject("key:d", UsageLimits(budget_usd=1.0, budget_period="month"), Credit(USD // 2, 1))


class Counting(Protocol):
    """Either, on a clock of the test's."""

    def wait(self, by_ns: int) -> None: ...
    def admit(
        self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE, now_s: float = NOW
    ) -> Lease | Refusal: ...
    def look(self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE) -> Refusal | None: ...
    def used(self, subject: Subject) -> tuple[int, int, int, int]: ...
    def recorded(self, subject: Subject, used: Recorded) -> None: ...
    def settle(self, lease: Lease, tokens: int, price: int) -> None: ...
    def undo(self, lease: Lease) -> None: ...
    def reserve_more(self, lease: Lease, wanted: int) -> int: ...
    def close(self) -> None: ...


class InFile:
    """`in_c`: plain requests are counted by the accelerator."""

    def __init__(self, folder: Path, *, in_c: bool = False) -> None:
        self._counters = Counters(folder / ("in_c" if in_c else "counters"), 64)
        self._group: Callable[[Sequence[Subject]], Sequence[Subject]] = Subjects if in_c else tuple
        self._now_ns, self._settled = START_NS, 0
        file = self._counters._file
        file.clock = lambda: self._now_ns - file.clock_began_ns

    def wait(self, by_ns: int) -> None:
        self._now_ns += by_ns

    def admit(self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE, now_s: float = NOW) -> Lease | Refusal:
        for subject in self._counters.unknown(subjects):
            self._counters.recorded(subject, Recorded(), now_s)
        return self._counters.admit(self._group(subjects), need, cost, now_s)

    def admit_uncounted(self, subjects: Sequence[Subject], need: Need, cost: Cost = FREE) -> Lease | None:
        for subject in self._counters.unknown(subjects):
            self._counters.recorded(subject, Recorded(), NOW)
        return self._counters.admit_uncounted(self._group(subjects), need, cost, NOW)

    def look(self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE) -> Refusal | None:
        return self._counters.look(subjects, need, cost, NOW)

    def used(self, subject: Subject) -> tuple[int, int, int, int]:
        used = self._counters.used(subject)
        return tuple(used[name] for name in COUNTED)  # type: ignore[return-value]

    def recorded(self, subject: Subject, used: Recorded) -> None:
        self._counters.recorded(subject, used, NOW)

    def settle(self, lease: Lease, tokens: int, price: int) -> None:
        self._settled += 1
        self._counters.settle(lease, tokens, price, Settled(self._settled, 80.0))

    def undo(self, lease: Lease) -> None:
        self._counters.undo(lease)

    def reserve_more(self, lease: Lease, wanted: int) -> int:
        return self._counters.reserve_more(lease, wanted, NOW)

    @property
    def cells(self) -> list[int]:
        """All that it has counted."""
        file = self._counters._file
        return file.cells[file.slots.start : file.slots.stop].tolist()

    def close(self) -> None:
        self._counters.close()


class InRedis:
    def __init__(self, url: str) -> None:
        from sealink.limits.nodes.node_counters import NodeCounters
        from sealink.limits.nodes.settings import SharedSettings

        self._loop = asyncio.new_event_loop()
        shared = SharedSettings(redis_url=url, timeout_s=30)
        self._counters = self.run(_made(lambda: NodeCounters(shared, _no_file, _nothing, _flushed)))
        self.run(self._counters.start())
        self._now_us = START_NS // 1000
        self.wait(0)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def wait(self, by_ns: int) -> None:
        self._now_us += by_ns // 1000
        self._counters._commands.now_us = self._now_us

    def admit(self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE, now_s: float = NOW) -> Lease | Refusal:
        found = self.run(self._counters.admit(Subjects(subjects), need, cost, now_s))
        assert self._counters.away is None
        return found

    def look(self, *subjects: Subject, need: Need = SMALL, cost: Cost = FREE) -> Refusal | None:
        found: Refusal | None = self.run(self._counters.look(subjects, need, cost, NOW))
        return found

    def used(self, subject: Subject) -> tuple[int, int, int, int]:
        ((requests, tokens, of_day, streams),) = self.run(self._counters.used([subject]))
        return requests.total, tokens.total, streams, of_day.total

    def recorded(self, subject: Subject, used: Recorded) -> None:
        connection = self._counters._connection
        assert connection is not None
        self.run(_called(lambda: connection.send(self._counters._commands.recorded(subject, used, NOW))))

    def settle(self, lease: Lease, tokens: int, price: int) -> None:
        self.run(_called(lambda: self._counters.settle(lease, tokens, price)))

    def undo(self, lease: Lease) -> None:
        self.run(_called(lambda: self._counters.undo(lease)))

    def reserve_more(self, lease: Lease, wanted: int) -> int:
        before = lease.reserved
        self.run(_called(lambda: self._counters.reserve_more(lease, wanted, NOW)))
        self.admit(OTHER)  # the answers come in order
        return lease.reserved - before

    def close(self) -> None:
        self.run(self._counters.stop())
        self._loop.close()


async def _made(make: Any) -> Any:
    return make()


async def _called(call: Any) -> None:
    call()


def _no_file() -> Counters:
    raise AssertionError("Redis is there")


async def _nothing(subject: Subject) -> Recorded:
    return Recorded()


async def _flushed() -> bool:
    return True


def built() -> None:
    if not plain_slots.is_built:
        absent("the accelerator was not built")


@pytest.fixture(params=["file", "file in C", "redis"])
def counting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counting]:
    if request.param == "file":
        made: Counting = InFile(tmp_path)
    elif request.param == "file in C":
        built()
        made = InFile(tmp_path, in_c=True)
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        server.clear()
        made = InRedis(server.url)
    with contextlib.closing(made):
        yield made


def admitted(found: Lease | Refusal) -> Lease:
    assert isinstance(found, Lease), found
    return found


def refused(found: Lease | Refusal) -> Refusal:
    assert isinstance(found, Refusal)
    return found


def left_of(lease: Lease) -> tuple[int | None, int | None]:
    requests, tokens = lease.requests_left, lease.tokens_left
    return requests and requests[1], tokens and tokens[1]


def test_limits_of_key_and_team_apply_together(counting: Counting) -> None:
    for _ in range(3):
        admitted(counting.admit(KEY, TEAM))
    assert refused(counting.admit(KEY, TEAM))[:2] == (KEY, Excess("requests", 3, MINUTE_NS))
    assert left_of(admitted(counting.admit(OTHER, TEAM))) == (0, None)
    assert refused(counting.admit(OTHER, TEAM))[:2] == (TEAM, Excess("requests", 4, MINUTE_NS))
    counting.wait(MINUTE_NS)
    admitted(counting.admit(KEY, TEAM))
    assert refused(counting.admit(KEY, TEAM))[:2] == (TEAM, Excess("requests_per_day", 5, DAY_NS))


def test_the_wait_is_until_enough_has_left_the_window(counting: Counting) -> None:
    admitted(counting.admit(KEY, need=LARGE))
    counting.wait(10 * 10**9)
    admitted(counting.admit(KEY, need=LARGE))
    assert refused(counting.admit(KEY, need=LARGE)).reason == Excess("tokens", 250, MINUTE_NS - 10 * 10**9)
    assert refused(counting.admit(KEY, need=Need(200, 51, is_stated=True, streams=0))).reason.wait_ns is None
    counting.wait(MINUTE_NS - 10 * 10**9)
    assert left_of(admitted(counting.admit(KEY, need=LARGE))) == (1, 50)


def test_what_has_left_the_window_counts_no_more_after_a_refusal(counting: Counting) -> None:
    for seconds in (10, 10, 0):
        admitted(counting.admit(KEY, need=Need(0, 80, is_stated=True, streams=0)))
        counting.wait(seconds * 10**9)
    counting.wait(MINUTE_NS - 20 * 10**9)  # the first of them is too old now
    for _ in range(2):
        assert refused(counting.admit(KEY, need=LARGE)).reason == Excess("tokens", 250, 10 * 10**9)
    assert left_of(admitted(counting.admit(KEY, need=Need(0, 90, is_stated=True, streams=0)))) == (0, 0)


def test_tokens_are_settled_to_what_was_used(counting: Counting) -> None:
    first, second = (admitted(counting.admit(KEY, need=LARGE)) for _ in range(2))
    assert isinstance(refused(counting.admit(KEY, need=LARGE)).reason, Excess)
    counting.wait(2 * 10**9)
    counting.settle(first, 30, 0)
    third = admitted(counting.admit(KEY, need=LARGE))
    assert left_of(third) == (0, 20)
    counting.settle(second, 120, 0)  # more than was reserved
    counting.settle(third, 0, 0)
    counting.wait(MINUTE_NS - 2 * 10**9)
    assert left_of(admitted(counting.admit(KEY, need=LARGE))) == (1, 130)


@pytest.mark.parametrize("tokens", [2**53, 2**62, 2**63 - 1, 2**63, 10**30])
def test_no_number_of_tokens_is_too_large_to_be_refused(counting: Counting, tokens: int) -> None:
    """A client may write any: a request may not be let in for having asked for more than can be added up."""
    stated, unstated = (Need(5, tokens, is_stated=is_stated, streams=1) for is_stated in (True, False))
    assert refused(counting.admit(KEY, need=stated)).reason == Excess("tokens", 250, None)
    assert counting.used(KEY) == (0, 0, 0, 0)
    lease = admitted(counting.admit(KEY, need=unstated))
    assert list(lease.tokens) == [250]
    counting.settle(lease, 250, 0)
    assert counting.used(KEY) == (1, 250, 0, 0)


@pytest.mark.parametrize("limit", [2**53, 2**62, 2**63 - 1, 2**63, 10**30])
def test_no_limit_is_too_large(counting: Counting, limit: int) -> None:
    generous = Subject("key:generous", UsageLimits(tokens_per_minute=limit, requests_per_day=limit))
    for _ in range(2):
        lease = admitted(counting.admit(generous, need=LARGE))
    assert (lease.tokens_left and lease.tokens_left[0]) == limit


def test_a_look_counts_nothing(counting: Counting) -> None:
    lease = admitted(counting.admit(KEY, TEAM, need=STREAM))
    for _ in range(2):
        assert counting.look(KEY, TEAM, need=STREAM) is None
        assert (counting.used(KEY), counting.used(TEAM)) == ((1, 2, 1, 0), (1, 0, 1, 1))
    admitted(counting.admit(KEY, need=STREAM))
    for _ in range(2):
        assert counting.look(KEY, TEAM, need=STREAM) == refused(counting.admit(KEY, TEAM, need=STREAM))
        assert counting.used(KEY) == (2, 4, 2, 0)
    counting.settle(lease, 1, 0)
    assert counting.used(KEY) == (2, 3, 1, 0)
    assert counting.look(KEY, TEAM, need=STREAM) is None
    counting.wait(MINUTE_NS)
    assert (counting.used(KEY), counting.used(TEAM)) == ((0, 0, 1, 0), (0, 0, 0, 1))


def test_streams_go_back_whatever_the_exit(counting: Counting) -> None:
    first, second = (admitted(counting.admit(KEY, need=STREAM)) for _ in range(2))
    assert refused(counting.admit(KEY, need=STREAM)).reason == Excess("concurrency", 2, 10**9)
    counting.undo(first)
    counting.settle(second, 2, 0)
    assert left_of(admitted(counting.admit(KEY, need=STREAM))) == (1, 246)  # what has not begun does not count


def test_money_is_reserved_spent_and_given_back(counting: Counting) -> None:
    counting.recorded(BUDGET, Recorded(in_period=USD // 4))
    half = Cost(USD // 4, USD // 4)
    lease = admitted(counting.admit(BUDGET, cost=half))
    assert lease.reserved == USD // 2
    assert refused(counting.admit(BUDGET, cost=half)).reason == Fund("budget_exceeded", USD, USD // 4, USD // 2)
    stream = admitted(counting.admit(BUDGET, cost=half._replace(may_be_cut=True)))
    assert stream.reserved == USD // 4
    counting.settle(lease, 0, USD // 8)
    assert counting.reserve_more(stream, USD // 8) == USD // 8
    assert counting.reserve_more(stream, USD) == USD // 4
    counting.settle(stream, 0, 5 * USD // 8)
    assert refused(counting.admit(BUDGET)).reason == Fund("budget_exceeded", USD, USD, 0)
    tomorrow = admitted(counting.admit(BUDGET, cost=half, now_s=NOW + 86_400))
    tomorrow.started_s = NOW
    counting.settle(tomorrow, 0, USD)  # had begun yesterday
    admitted(counting.admit(BUDGET, cost=Cost(USD, 0), now_s=NOW + 86_400))


def test_the_ledger_only_ever_adds(counting: Counting) -> None:
    counting.settle(admitted(counting.admit(BALANCE, cost=Cost(USD, 0))), 0, USD)
    counting.recorded(BALANCE, Recorded(of_balance=USD // 2))
    counting.recorded(BALANCE, Recorded(of_balance=2 * USD))
    assert refused(counting.admit(BALANCE)).reason == Fund("insufficient_balance", 2 * USD, 2 * USD, 0)
    counting.recorded(KEY, Recorded(requests=2, tokens=100))
    counting.recorded(KEY, Recorded(requests=1, tokens=150))
    assert left_of(admitted(counting.admit(KEY))) == (0, 98)


def test_a_budget_and_a_balance_apply_together(counting: Counting) -> None:
    lease = admitted(counting.admit(BOTH, BUDGET, cost=Cost(USD // 10, USD, may_be_cut=True)))
    assert lease.reserved == USD // 2
    lacking = refused(counting.admit(BOTH, BUDGET, cost=Cost(USD // 10, 0)))
    assert lacking[:2] == (BOTH, Fund("insufficient_balance", USD // 2, 0, USD // 2))


SUBJECTS = st.lists(st.sampled_from([KEY, TEAM, OTHER, BUDGET, BALANCE, BOTH]), min_size=1, max_size=3, unique=True)
AMOUNT = st.integers(0, 3 * USD // 4)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 70).map(lambda tenths: tenths * 10**8) | st.just(40 * 10**9)),
    st.tuples(
        st.just("admit"),
        SUBJECTS,
        st.builds(Need, st.integers(0, 99), st.integers(0, 160), st.booleans(), st.integers(0, 1)),
        st.builds(Cost, AMOUNT, AMOUNT, st.booleans(), st.integers(0, USD // 100)),
    ),
    st.tuples(st.just("settle"), st.integers(0, 9), st.integers(0, 150), AMOUNT),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.tuples(st.just("more"), st.integers(0, 9), AMOUNT),
)


def result(found: Lease | Refusal) -> object:
    if isinstance(found, Refusal):
        return found
    return found.reserved, found.streams, [*found.tokens], found.requests_left, found.tokens_left, found.funds_left


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=st.lists(STEPS, max_size=30))
def test_both_decide_alike_whatever_happens(steps: list[Any], redis_server: RedisServer, tmp_path: Path) -> None:
    (tmp_path / "counters").unlink(missing_ok=True)
    redis_server.clear()
    with contextlib.closing(InFile(tmp_path)) as file, contextlib.closing(InRedis(redis_server.url)) as remote:
        compare(steps, file, remote)


LITTLE = st.tuples(
    st.just("uncounted"),
    SUBJECTS,
    st.builds(Need, st.integers(0, 4), st.integers(0, 99), st.booleans(), st.integers(0, 1)),
    st.builds(Cost, AMOUNT.map(lambda price: price // 50), st.just(0), st.booleans(), st.integers(0, USD // 100)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS | LITTLE, max_size=60))
def test_every_cell_is_the_same_in_c_and_in_python(steps: list[Any], tmp_path: Path) -> None:
    built()
    for name in ("counters", "in_c"):
        (tmp_path / name).unlink(missing_ok=True)
    with contextlib.closing(InFile(tmp_path)) as plain, contextlib.closing(InFile(tmp_path, in_c=True)) as in_c:
        compare(steps, plain, in_c)
        assert plain.cells == in_c.cells


@pytest.mark.parametrize("in_c", [False, True])
def test_a_prompt_need_not_be_counted_where_it_is_little(tmp_path: Path, *, in_c: bool) -> None:
    """A hundredth of what is left of tokens, and of money, at most; then it holds as many tokens as were given."""
    if in_c:
        built()
    with contextlib.closing(InFile(tmp_path, in_c=in_c)) as file:
        two, three = Need(2, 48, is_stated=True, streams=0), Need(3, 47, is_stated=True, streams=0)
        assert file.admit_uncounted([KEY], three) is None
        lease = file.admit_uncounted([KEY], two)
        assert lease is not None
        assert [*lease.tokens] == [50]
        assert file.admit_uncounted([KEY], two) is not None  # 200 are left
        assert file.admit_uncounted([KEY], two) is None
        few = Need(1, 49, is_stated=True, streams=0)
        assert file.admit_uncounted([KEY], few) is not None
        assert file.admit_uncounted([KEY], few) is None  # a fourth request
        assert file.admit_uncounted([BUDGET], three, Cost(USD // 100 + 1, 0)) is None
        assert file.admit_uncounted([BUDGET], three, Cost(USD // 200, USD // 200 + 1)) is None
        assert file.admit_uncounted([BUDGET], three, Cost(USD // 200, USD, may_be_cut=True)) is not None
        assert file.used(KEY) == (3, 150, 0, 0)


RULES = st.builds(
    lambda input, output, markup: PriceRule(rates=Rates(input=input, output=output), markup_millipercent=markup),
    st.integers(0, 10**13),
    st.integers(0, 10**13),
    st.sampled_from([0, 0, 1, 12_345, 10**9]),
)
TOKENS = st.integers(0, 2000) | st.integers(0, 10**6) | st.integers(10**9 - 2, 10**9 + 2)


@given(rules=st.lists(RULES, min_size=1, max_size=3), prompt=TOKENS, answer=TOKENS, stream=st.booleans())
@example(
    rules=[PriceRule(rates=Rates(input=1, output=1))], prompt=500_000, answer=0, stream=False
)  # half a nano-dollar
@example(rules=[PriceRule(rates=Rates(input=10**9, output=10**9))], prompt=10, answer=10, stream=True)
def test_the_price_is_the_same_in_c(rules: list[PriceRule], prompt: int, answer: int, stream: bool) -> None:
    built()
    rich = Subject("key:rich", UsageLimits(budget_usd=float(2**53 // USD)))
    prices = prices_of(rules)
    assert prices is not None
    both = [rule.of_plain(prompt, answer) for rule in rules]
    known = [each for each in both if each is not None]
    most_answer = max([whole - part for part, whole in known], default=0)
    spare = spare_times(answer) * (most_answer + 1) if stream else 0
    cost = Cost(max([part for part, _ in known], default=0), most_answer, stream, spare)
    need = Need(prompt, answer, is_stated=True, streams=int(stream))
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(InFile(Path(folder), in_c=True)) as file:
        counters = file._counters
        counters.recorded(rich, Recorded(), NOW)
        found = counters.admit_plain(Subjects([rich]), need, prices, NOW, is_counted=True)
        if found is None:  # larger numbers are for Python, or it is more than there is
            assert len(known) < len(rules) or cost.prompt + cost.answer + spare > 2**42
            return
        assert found
        assert len(known) == len(rules)
        counters.undo(found)
        expected = counters.admit(Subjects([rich]), need, cost, NOW)
        assert isinstance(expected, PlainLease)
        assert found.reserved == expected.reserved
        assert found.times == times_reserved(found.reserved, cost, answer)


def test_a_price_that_is_not_in_proportion_is_not_for_c() -> None:
    rates = Rates(input=1, output=1)
    assert prices_of([PriceRule(rates=rates)]) is not None
    assert prices_of([]) == b""
    for rule in (
        PriceRule(),
        PriceRule(rates=Rates(input=1)),
        PriceRule(rates=Rates(input=1, output=1, request=1)),
        PriceRule(rates=Rates(input=1, output=1, image=1)),
        PriceRule(rates=rates, markup_millipercent=-200_000),
        PriceRule(rates=Rates(input=1, output=2**53 + 1)),
    ):
        assert prices_of([PriceRule(rates=rates), rule]) is None


@pytest.mark.parametrize(
    ("request_id", "is_random"),
    [(f"req_{'0' * 18}0123456789abcd", True), (f"req_{'f' * 32}", True), ("req_1", False), (f"req_{'F' * 32}", False)],
)
def test_a_request_has_the_same_number_in_c(tmp_path: Path, request_id: str, *, is_random: bool) -> None:
    """Where its id ends with a random number, as SeaLink's do. A process that recovers what another one has settled
    works it out in Python."""
    built()
    with contextlib.closing(InFile(tmp_path, in_c=True)) as file:
        lease = admitted(file.admit(BUDGET))
        assert isinstance(lease, PlainLease)
        counters = file._counters
        assert counters.settle_plain(lease, 1, 1, request_id, 80.0) == is_random
        slot = counters._slot(BUDGET)
        slot.open(START_NS)
        assert slot.has_settled(counters._file.process, number_of_request(request_id)) == is_random


def test_plain_requests_are_counted_in_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built()
    with contextlib.closing(InFile(tmp_path, in_c=True)) as file:
        lease = admitted(file.admit(KEY, TEAM, BUDGET, need=STREAM, cost=Cost(1, 1)))
        monkeypatch.setattr(Counters, "_slots_of", None)  # which the way in Python begins with
        file.settle(lease, 5, 1)
        monkeypatch.undo()
        file.wait(MINUTE_NS // 2)
        for _ in range(2):
            admitted(file.admit(KEY, TEAM, BUDGET))
        assert isinstance(file.admit(KEY, TEAM, BUDGET), Refusal)  # this one needs Python


def test_a_slot_that_is_locked_is_left_to_who_can_wait(tmp_path: Path) -> None:
    """Not by halves: nothing is counted in the one that was free, and its lock is given back."""
    built()
    file, other = InFile(tmp_path, in_c=True), InFile(tmp_path, in_c=True)
    with contextlib.closing(file), contextlib.closing(other):
        subjects = Subjects([KEY, TEAM])
        admitted(other.admit(*subjects))
        counters, before = other._counters, other.cells
        with file._counters._file.locked([file._counters._slot(TEAM).at]):
            assert counters.admit_plain(subjects, SMALL, FREE, NOW, is_counted=True) is None
            assert other.cells == before
            admitted(file.admit(KEY))
        assert left_of(admitted(other.admit(KEY, TEAM))) == (0, 244)


def compare(steps: list[Any], one: Counting, other: Counting) -> None:
    leases: list[tuple[Lease, Lease]] = []
    for what, *details in steps:
        if what == "wait":
            one.wait(details[0])
            other.wait(details[0])
        elif what == "admit":
            subjects, need, cost = details
            here, there = (each.admit(*subjects, need=need, cost=cost) for each in (one, other))
            assert result(here) == result(there)
            if isinstance(here, Lease):
                assert isinstance(there, Lease)
                leases.append((here, there))
        elif what == "uncounted":
            assert isinstance(one, InFile)
            assert isinstance(other, InFile)
            first, second = one.admit_uncounted(*details), other.admit_uncounted(*details)
            assert (first and result(first)) == (second and result(second))
            if first is not None and second is not None:
                leases.append((first, second))
        elif details[0] < len(leases):
            act(what, leases, details, one, other)


def act(what: str, leases: list[tuple[Lease, Lease]], details: list[int], one: Counting, other: Counting) -> None:
    if what == "more":
        here, there = leases[details[0]]
        assert one.reserve_more(here, details[1]) == other.reserve_more(there, details[1])
        return
    here, there = leases.pop(details[0])
    for counting, lease in ((one, here), (other, there)):
        if what == "settle":
            counting.settle(lease, details[1], details[2])
        else:
            counting.undo(lease)
