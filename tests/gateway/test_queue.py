"""Requests that wait in line for limits: when they are let in, in which order, and how they go."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from fakes import FakeLedger, FakeResponder
from hypothesis import given
from hypothesis import strategies as st

from fake_clock import on_fake_clock, run_on_fake_clock
from sealink.access.configured import Configured, ConfiguredKey, ConfiguredTeam
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey, Team
from sealink.catalog.prices import PriceRules
from sealink.errors import AuthenticationError, InsufficientBalance, NotFound, RateLimited, SealinkError
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest, admission_of
from sealink.gateway.limits.enforcement import LimitEnforcement
from sealink.gateway.limits.settings import LimitSettings
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.http import RequestContext
from sealink.ledger.entry import Settlement
from sealink.limits.subjects import Limit, Recorded
from sealink.net.message import Request
from sealink.policy.limits import UsageLimits
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.providers.provider import Provider
from sealink.usage import Usage
from sealink.wire.dialects import openai_chat

TARGETS = (Target(Provider(name="p", dialect=openai_chat.UPSTREAM, base_url="http://x/v1"), "m"),)
MODELS = (ModelRoute("m", TARGETS),)
BODY = b'{"model":"%s","stream":%s,"max_tokens":%d,"messages":[{"role":"user","content":""}]}'
"""Its prompt has no tokens."""
Asked = asyncio.Task[AdmittedRequest]


class House:
    """Admission with these keys, teams and models, and the counters of a machine."""

    def __init__(self, *keys: ApiKey, teams: tuple[Team, ...] = (), models: tuple[ModelRoute, ...] = MODELS) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.teams = tuple(ConfiguredTeam(team, "") for team in teams)
        self.keyring = Keyring(self._configured(keys))
        self.ledger = FakeLedger()
        path = Path(self._folder.name) / "counters"
        self.limits = LimitEnforcement(path, self.keyring, lambda *_, **__: 0, lambda _: Recorded())
        observers = self.observers = Observers(self.ledger, self.limits, undo=self.limits.undo)
        self.router = Router(models)
        self.control = AdmissionControl(self.keyring, self.router, observers, [self.limits])
        self.responders: dict[Asked, FakeResponder] = {}
        self._ids = count(1)
        self.set()

    def set(self, router: Router | None = None, **settings: float) -> None:
        """Other settings of [limits], or models: a reload."""
        given = LimitSettings(**{"queue_s": 30.0, **settings})  # type: ignore[arg-type]
        self.limits.configure(given, PriceRules(), router or self.router)

    def know(self, *keys: ApiKey) -> None:
        """Other keys: the store has told of a change."""
        self.keyring.configure(self._configured(keys))
        self.limits.keys_changed()

    def ask(self, key: str, *, model: str = "m", stream: bool = False, max_tokens: int = 5) -> Asked:
        """A request comes."""
        responder = FakeResponder()
        body = BODY % (model.encode(), b"true" if stream else b"false", max_tokens)
        request = Request("POST", "/v1/chat/completions", "", {"x-api-key": key}, body)
        request.id = f"req_{next(self._ids)}"

        async def admitted() -> AdmittedRequest:
            context = RequestContext(request.id, responder.refuse)
            found = self.control.admit(request, responder, context, ModelApi(openai_chat.CLIENT, "off"))
            return found if isinstance(found, AdmittedRequest) else await found

        asked = asyncio.ensure_future(admitted())
        self.responders[asked] = responder
        return asked

    def leave(self, asked: Asked) -> None:
        """Its client goes, as the server tells it."""
        self.responders[asked].leave()
        asked.cancel()

    async def end(self, asked: Asked, tokens: int = 0) -> None:
        """An admitted request has ended."""
        found = await asked
        client = found.request
        admission = admission_of(found.request_id, found.key, client.client, client.head, None)
        usage = Usage(input_tokens=0, output_tokens=tokens)
        self.observers.settled(admission, Settlement(request_id=found.request_id, usage=usage))

    def streams(self, name: str) -> int:
        """How many are counted as open."""
        found = self.limits.subjects_of(next(key for key in self.keyring.in_force() if key.name == name))
        return self.limits._open().used(found[0])["concurrent_streams"]

    async def would_fit(self, limit: Limit) -> bool:
        """Whether the first that waits for a stream could have it."""
        queue = self.limits.queue
        first = queue.lines[limit].places.first
        assert first is not None
        return limit.code == "concurrency" and await self.limits.look(queue._waiters[first].claim) is None

    async def __aenter__(self) -> "House":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.limits.close()
        self._folder.cleanup()

    def _configured(self, keys: tuple[ApiKey, ...]) -> Configured:
        return Configured(tuple(ConfiguredKey(key, key.name, "") for key in keys), self.teams)


@contextmanager
def refused(kind: type[SealinkError], code: str | None = None) -> Iterator[None]:
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == (code or kind.code)


def now() -> float:
    return asyncio.get_running_loop().time()


async def let_in(*asked: Asked) -> list[int]:
    """When each is let in, in whole seconds."""
    times: dict[Asked, float] = {}
    for each in asked:
        each.add_done_callback(lambda done: times.setdefault(done, now()))
    await asyncio.gather(*asked)
    await asyncio.sleep(0)
    return [int(times[each]) for each in asked]


async def turn() -> None:
    """All that can happen now happens."""
    for _ in range(20):
        await asyncio.sleep(0)


@on_fake_clock
async def test_what_would_be_a_429_waits_until_the_window_lets_it_in() -> None:
    async with House(ApiKey(name="a", requests_per_minute=2, queue_s=90.0)) as house:
        first = [house.ask("a") for _ in range(2)]
        assert await let_in(*first) == [0, 0]
        await asyncio.sleep(10)
        later = [house.ask("a") for _ in range(3)]
        await turn()
        assert house.limits.queue.waiting == {("requests", "key"): 3}
        assert await let_in(*later[:2]) == [60, 60]
        assert later[0].result().queued_ms == pytest.approx(50_000, abs=1)
        assert first[0].result().queued_ms is None
        with refused(RateLimited, "requests"):  # the window is free at 120 s: that is too late by 20 s
            await later[2]
        assert now() == pytest.approx(60, abs=0.01)
        assert not house.limits.queue.lines
        assert len(house.limits.queue) == 0


@on_fake_clock
async def test_no_usage_that_a_provider_states_keeps_what_a_request_held() -> None:
    async with House(ApiKey(name="a", concurrent_streams=1, tokens_per_minute=100)) as house:
        for tokens in (-(10**30), 10**30):
            await house.end(house.ask("a", stream=True), tokens)
            assert house.streams("a") == 0
        with refused(RateLimited, "tokens"):
            await house.ask("a")


@on_fake_clock
async def test_what_cannot_be_let_in_in_time_is_refused_at_once() -> None:
    async with House(
        ApiKey(name="a", requests_per_minute=1),
        ApiKey(name="day", requests_per_day=1),
        ApiKey(name="never", tokens_per_minute=100),
        ApiKey(name="paid", budget_usd=0.0),
    ) as house:
        house.set(unpriced="allow")  # type: ignore[arg-type]
        house.limits._open().recorded(house.limits.subjects_of(house.keyring.in_force()[3])[0], Recorded(), 0.0)
        for name, code in (("a", "requests"), ("day", "requests_per_day")):
            await house.ask(name)
            with pytest.raises(RateLimited) as caught:
                await house.ask(name)
            assert caught.value.code == code
            assert "waited" not in caught.value.message
            assert dict(caught.value.headers)["retry-after"] == ("60" if name == "a" else "86400")
        with refused(RateLimited, "tokens"):
            await house.ask("never", max_tokens=101)
        with refused(InsufficientBalance, "budget_exceeded"):
            await house.ask("paid")
        assert now() == 0
        assert not house.limits.queue.lines


@on_fake_clock
async def test_a_stream_that_ends_lets_the_next_one_in_at_once() -> None:
    async with House(ApiKey(name="a", concurrent_streams=1)) as house:
        house.set(queue_poll_s=10.0)
        streams = [house.ask("a", stream=True) for _ in range(3)]
        await turn()
        assert house.ask("a") not in streams  # what is not streamed does not count under that limit
        for number, until_s in ((0, 4.0), (1, 5.0)):
            await asyncio.sleep(until_s - now())
            await house.end(streams[number])
            await streams[number + 1]
            assert now() == until_s
        await house.end(streams[2])
        assert house.streams("a") == 0


@on_fake_clock
async def test_tokens_that_come_back_let_the_next_one_in_or_its_time_ends() -> None:
    async with House(ApiKey(name="a", tokens_per_minute=100)) as house:
        first, second, third = (house.ask("a", max_tokens=80) for _ in range(3))
        await asyncio.sleep(3)
        await house.end(first, tokens=20)
        await second
        assert now() == 3
        with pytest.raises(RateLimited) as caught:
            await third
        assert now() == 30
        assert "may use 100 tokens per minute" in caught.value.message
        assert "waited as long as it may (queue_s)" in caught.value.message
        assert dict(caught.value.headers)["retry-after"] == "33"  # at 63 s what the second has taken leaves the window
        assert house.ledger.settled[-1].code == "tokens"
        assert house.ledger.settled[-1].queued_ms == pytest.approx(30_000, abs=1)


ONE_STREAM = UsageLimits(concurrent_streams=1)


@pytest.mark.parametrize(
    ("teams", "models", "whose"),
    [
        ((Team(name="t", concurrent_streams=1),), MODELS, "team"),
        ((), (ModelRoute("m", TARGETS, limits=ONE_STREAM, limited_as="m"),), "model"),
    ],
    ids=["team", "model"],
)
@on_fake_clock
async def test_keys_take_turns(teams: tuple[Team, ...], models: tuple[ModelRoute, ...], whose: str) -> None:
    keys = (ApiKey(name="many", team="t"), ApiKey(name="few", team="t"))
    async with House(*keys, teams=teams, models=models) as house:
        many = [house.ask("many", stream=True) for _ in range(50)]
        few = [house.ask("few", stream=True) for _ in range(2)]
        await turn()
        assert house.limits.queue.waiting == {("concurrency", whose): 51}
        order = [many[0], many[1], few[0], many[2], few[1], many[3], many[4]]
        for number, each in enumerate(order, 1):
            await turn()
            assert {one for one in (*many, *few) if one.done()} == {*order[:number]}
            await house.end(each)
        for each in (*many, *few):
            house.leave(each)
        await turn()
        assert not house.limits.queue.lines


@on_fake_clock
async def test_a_small_request_does_not_overtake_a_large_one() -> None:
    """Though there would be room for it."""
    async with House(ApiKey(name="a", tokens_per_minute=100)) as house:
        open_now, _ = house.ask("a", max_tokens=60), house.ask("a", max_tokens=30)
        large = house.ask("a", max_tokens=70)
        await turn()
        small = house.ask("a", max_tokens=5)
        await asyncio.sleep(1)
        assert not small.done()
        await house.end(open_now)
        assert await let_in(large) == [1]
        with refused(RateLimited, "tokens"):
            await small


@on_fake_clock
async def test_a_line_holds_up_nobody_whom_its_limit_does_not_concern() -> None:
    limits = UsageLimits(requests_per_minute=1)
    models = [ModelRoute(name, TARGETS, limits=limits, limited_as=name) for name in ("m", "other")]
    async with House(ApiKey(name="a"), models=tuple(models)) as house:
        await house.ask("a")
        house.set(queue_s=70.0)
        waiting = house.ask("a")
        await turn()
        assert (await house.ask("a", model="other")).queued_ms is None
        assert await let_in(waiting) == [60]


@on_fake_clock
async def test_who_waits_for_two_limits_has_a_turn_in_both_lines() -> None:
    """It was kept out by its key first, and may not be let in before those who wait for the model."""
    model = ModelRoute("m", TARGETS, limits=ONE_STREAM, limited_as="m")
    async with House(ApiKey(name="a", tokens_per_minute=100), ApiKey(name="b"), models=(model,)) as house:
        house.set(queue_s=100.0)
        tokens = house.ask("a", max_tokens=80)
        behind = house.ask("a", stream=True, max_tokens=80)
        await turn()
        assert house.limits.queue.waiting == {("tokens", "key"): 1}
        of_b = [house.ask("b", stream=True) for _ in range(2)]
        await turn()
        await house.end(tokens)
        await turn()
        assert house.limits.queue.waiting == {("concurrency", "model"): 2}
        assert [each.done() for each in (*of_b, behind)] == [True, False, False]
        await house.end(of_b[0])
        await turn()
        assert [each.done() for each in (*of_b, behind)] == [True, True, False]
        await house.end(of_b[1])
        assert (await behind).key.name == "a"


@on_fake_clock
async def test_a_client_that_leaves_is_out_of_the_line_at_once_and_holds_nothing() -> None:
    async with House(ApiKey(name="a", concurrent_streams=1)) as house:
        streams = [house.ask("a", stream=True) for _ in range(4)]
        await asyncio.sleep(2)
        house.leave(streams[1])
        await turn()
        assert house.limits.queue.waiting == {("concurrency", "key"): 2}
        row = house.ledger.settled[-1]
        assert (row.ended, row.ended_by, row.status, row.queued_ms) == ("client_gone", "client", 499, 2000.0)
        await house.end(streams[0])
        house.leave(streams[2])  # just when it is its turn
        assert await let_in(streams[3]) == [2]
        await house.end(streams[3])
        assert house.streams("a") == 0


@on_fake_clock
async def test_a_request_that_waits_when_the_process_stops_has_a_row() -> None:
    async with House(ApiKey(name="a", concurrent_streams=1)) as house:
        _, waiting = house.ask("a", stream=True), house.ask("a", stream=True)
        await turn()
        waiting.cancel()  # the server answers ShuttingDown
        await turn()
        row = house.ledger.settled[-1]
        assert (row.ended, row.ended_by, row.status, row.code) == ("stopped", "sealink", 503, "draining")


@on_fake_clock
async def test_where_too_many_wait_the_key_with_the_most_gives_way() -> None:
    keys = [ApiKey(name=name, team="t") for name in ("many", "few", "one")]
    async with House(*keys, teams=(Team(name="t", concurrent_streams=1),)) as house:
        house.set(max_queued=3)
        first, *many = (house.ask("many", stream=True) for _ in range(4))
        await turn()
        with pytest.raises(RateLimited, match="No more requests may wait") as caught:
            await house.ask("many", stream=True)
        assert caught.value.code == "concurrency"
        few = house.ask("few", stream=True)
        with refused(RateLimited, "concurrency"):
            await many[2]
        assert house.limits.queue.waiting == {("concurrency", "team"): 3}
        one = house.ask("one", stream=True)  # two of `many` are no more than one of each
        await turn()
        with refused(RateLimited, "concurrency"):
            await many[1]
        for each in (first, many[0], few):
            await house.end(each)
        await house.end(one)
        assert now() == 0
        house.set(max_queued=0)
        await house.ask("one", stream=True)
        with refused(RateLimited, "concurrency"):
            await house.ask("one", stream=True)


@on_fake_clock
async def test_a_key_that_is_revoked_waits_no_longer() -> None:
    keys = [ApiKey(name=name, team="t") for name in ("a", "b")]
    async with House(*keys, teams=(Team(name="t", requests_per_minute=1),)) as house:
        house.set(queue_s=70.0)
        await house.ask("a")
        of_a, of_b = house.ask("a"), house.ask("b")
        await asyncio.sleep(1)
        house.know(keys[0])
        with refused(AuthenticationError):
            await of_b  # whose turn it was not
        assert now() == 1
        assert (house.ledger.settled[-1].status, house.ledger.settled[-1].queued_ms) == (401, 1000.0)
        assert await let_in(of_a) == [60]


@on_fake_clock
async def test_limits_that_change_count_for_those_that_wait() -> None:
    async with House(ApiKey(name="a", requests_per_minute=1), ApiKey(name="b", concurrent_streams=0)) as house:
        house.set(queue_s=70.0)
        await house.ask("a")
        waiting = [house.ask("a") for _ in range(3)]
        await asyncio.sleep(1)
        house.know(ApiKey(name="a", requests_per_minute=3))
        await asyncio.sleep(1)
        assert [each.done() for each in waiting] == [True, True, False]
        house.know(ApiKey(name="a"))  # no limit any longer
        assert await let_in(waiting[2]) == [2]
        house.know(ApiKey(name="a", requests_per_minute=2))
        gone = house.ask("a")
        await turn()
        house.set(Router([]), queue_s=70.0)
        with refused(NotFound, "model_not_found"):
            await gone


@on_fake_clock
async def test_how_long_is_said_by_the_key_else_by_the_model_else_by_the_config() -> None:
    models = (ModelRoute("m", TARGETS), ModelRoute("patient", TARGETS, queue_s=20.0))
    keys = [ApiKey(name="a", concurrent_streams=0 + 1), ApiKey(name="b", concurrent_streams=1, queue_s=7.0)]
    async with House(*keys, ApiKey(name="c", concurrent_streams=1, queue_s=0.0), models=models) as house:
        house.set(queue_s=3.0)
        for key, model, waits_s in (("a", "m", 3), ("a", "patient", 20), ("b", "patient", 7), ("c", "patient", 0)):
            began = now()
            held = house.ask(key, model=model, stream=True)
            with refused(RateLimited, "concurrency"):
                await house.ask(key, model=model, stream=True)
            assert now() - began == waits_s
            await house.end(held)


@on_fake_clock
async def test_without_waiting_nothing_is_awaited() -> None:
    async with House(ApiKey(name="a", requests_per_minute=1)) as house:
        house.set(queue_s=0.0)
        request = Request("POST", "/v1/chat/completions", "", {"x-api-key": "a"}, BODY % (b"m", b"false", 5))
        answer = RequestContext("req_1", FakeResponder().refuse), ModelApi(openai_chat.CLIENT, "off")
        assert isinstance(house.control.admit(request, FakeResponder(), *answer), AdmittedRequest)
        with refused(RateLimited, "requests"):
            _ = house.control.admit(request, FakeResponder(), *answer)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "end", "leave", "wait"]),
        st.integers(0, 2),
        st.integers(0, 120),
        st.booleans(),
    ),
    max_size=40,
)
TEAM = Team(name="t", tokens_per_minute=150, concurrent_streams=2)


@given(events=EVENTS)
def test_whatever_happens_no_limit_is_exceeded_and_nobody_is_forgotten(
    events: list[tuple[str, int, int, bool]],
) -> None:
    async def scenario() -> None:
        keys = [ApiKey(name=name, team="t", requests_per_minute=8) for name in "abc"]
        async with House(*keys, teams=(TEAM,)) as house:
            asked: list[Asked] = []
            streaming, ended = set[Asked](), set[Asked]()
            for what, which, amount, stream in events:
                if what == "ask":
                    asked.append(house.ask("abc"[which], stream=stream, max_tokens=amount))
                    streaming |= {asked[-1]} if stream else set()
                elif what == "wait":
                    await asyncio.sleep(amount / 10)
                elif asked:
                    one = asked[amount % len(asked)]
                    if what == "leave" and not one.done():
                        house.leave(one)
                    elif what == "end" and is_let_in(one) and one not in ended:
                        ended.add(one)
                        await house.end(one, tokens=which)
                await turn()
                assert sum(is_let_in(one) for one in streaming - ended) <= 2
                assert not any([await house.would_fit(limit) for limit in house.limits.queue.lines])
                assert sum(house.limits.queue.waiting.values()) == len(house.limits.queue)
                assert len(house.limits.queue) == sum(not one.done() for one in asked)
            await asyncio.sleep(31)
            assert all(one.done() for one in asked)
            assert not house.limits.queue.lines
            for one in asked:
                if is_let_in(one) and one not in ended:
                    await house.end(one)
            assert house.limits._open().used(house.limits.subjects_of(keys[0])[1])["concurrent_streams"] == 0

    run_on_fake_clock(scenario())


def is_let_in(asked: Asked) -> bool:
    return asked.done() and not asked.cancelled() and asked.exception() is None
