"""Admission under limits that nodes count together in Redis: by a call with its answer; in a task only to wait."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from fakes import FakeResponder
from test_queue import BODY, House, refused

from redis_server import RedisServer
from sealink.access.keys import ApiKey
from sealink.errors import RateLimited
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.estimate import Estimate
from sealink.gateway.model_api import ModelApi
from sealink.gateway.undecided import Undecided
from sealink.http import RequestContext
from sealink.limits import plain_slots
from sealink.limits.nodes.batch import MOST_TIMES
from sealink.limits.nodes.commands import Terms
from sealink.limits.nodes.settings import SharedSettings
from sealink.net.header_lines import pairs_of
from sealink.net.message import Request
from sealink.policy.limits import UsageLimits
from sealink.policy.routing import ModelRoute, Router
from sealink.wire.dialects import openai_chat

PATIENCE_S = 20.0


def admitted_by_call(house: House, key: str) -> AdmittedRequest | Undecided:
    """A request that comes to the server."""
    responder = FakeResponder()
    request = Request("POST", "/v1/chat/completions", "", {"x-api-key": key}, BODY % (b"m", b"true", 5))
    request.id = f"req_{next(house._ids)}"
    context, api = RequestContext(request.id, responder.refuse), ModelApi(openai_chat.CLIENT, "off")
    return house.control.admit(request, responder, context, api)


def asked_by_call(house: House, key: str) -> asyncio.Future[AdmittedRequest]:
    """One that Redis decides on: nobody awaits it."""
    done, found = asyncio.get_running_loop().create_future(), admitted_by_call(house, key)
    assert isinstance(found, Undecided)
    found.then(done.set_result, done.set_exception)
    return done


def with_redis(test: Callable[[House], Coroutine[Any, Any, None]]) -> Callable[[RedisServer], None]:
    def run(redis_server: RedisServer) -> None:
        redis_server.clear()

        async def run_it() -> None:
            wide = {"requests_per_minute": 10**6, "tokens_per_minute": 10**9}
            keys = (
                ApiKey(name="a", concurrent_streams=1),
                ApiKey(name="b", tokens_per_minute=60),
                ApiKey(name="wide", **wide),
                *(ApiKey(name=name, budget_usd=1.0) for name in ("paid", "also paid")),
            )
            async with House(*keys) as house:
                await house.limits.share(SharedSettings(redis_url=redis_server.url, timeout_s=10), lambda: True)
                await asyncio.wait_for(test(house), PATIENCE_S)

        asyncio.run(run_it())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@with_redis
async def test_what_fits_is_let_in_without_a_task(house: House) -> None:
    before = asyncio.all_tasks()
    asked = asked_by_call(house, "a")
    assert asyncio.all_tasks() == before
    found = await asked
    assert (found.request.head.model, found.renew) == ("m", None)
    assert found.request_id in house.limits._leases


@with_redis
async def test_what_does_not_fit_waits_in_line_in_a_task(house: House) -> None:
    held = asked_by_call(house, "a")
    await held
    waiting = asked_by_call(house, "a")
    while not len(house.limits.queue):
        await asyncio.sleep(0.001)
    await house.end(held)  # type: ignore[arg-type]
    assert (await waiting).queued_ms is not None


@with_redis
async def test_what_may_not_wait_is_refused_by_the_call(house: House) -> None:
    house.set(queue_s=0.0)
    await asked_by_call(house, "a")
    before = asyncio.all_tasks()
    asked = asked_by_call(house, "a")
    with refused(RateLimited, "concurrency"):
        await asked
    assert asyncio.all_tasks() == before
    assert house.limits.refused == {("concurrency", "key"): 1}


@with_redis
async def test_a_prompt_is_counted_only_where_it_is_not_little_of_what_is_left(house: House) -> None:
    """If others have used that meanwhile, it is counted after all, and asked for again."""
    counted = list[str]()
    count = Estimate.counted_prompt

    def noted(estimate: Estimate) -> int:
        counted.append("")
        return count(estimate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Estimate, "counted_prompt", noted)
        first = await asked_by_call(house, "b")
        assert len(counted) == 1
        (plan,) = house.limits._plans.values()
        assert isinstance(plan.subjects.terms, Terms)
        assert plan.subjects.terms.tokens_left == 55
        plan.subjects.terms.tokens_left = 10_000  # as if there were so much
        second = await asked_by_call(house, "b")
        assert len(counted) == 2
        leases = [house.limits._leases[each.request_id] for each in (first, second)]
        assert [[*lease.tokens] for lease in leases] == [[5], [5]]


@with_redis
async def test_what_redis_has_let_in_ahead_waits_for_nothing(house: House) -> None:
    at_once, left = 0, list[int]()
    for number in range(1, 41):
        found = admitted_by_call(house, "wide")
        at_once += isinstance(found, AdmittedRequest)
        if isinstance(found, Undecided):
            found = await found
        assert found.request_id in house.limits._leases
        headers = dict(pairs_of(found.limit_lines))
        assert headers["x-ratelimit-limit-requests"] == "1000000"
        left.append(10**6 - number - int(headers["x-ratelimit-remaining-requests"]))
    if plain_slots.is_used:
        assert at_once > 20
    assert min(left) == 0
    assert max(left) < MOST_TIMES


@with_redis
async def test_what_a_dead_process_has_settled_is_asked_of_the_ledger(house: House) -> None:
    """Of all that has money: its journal does not go back for ever."""
    nodes = house.limits._nodes
    assert nodes is not None
    dear = ModelRoute("dear", (), limits=UsageLimits(budget_usd=1.0), limited_as="dear")
    house.set(Router([dear]))
    assert not nodes._behind
    house.limits.recover("journal", None, None)
    assert nodes._behind.keys() == {"key:paid", "key:also paid", "model:dear"}


@with_redis
async def test_a_machine_that_has_counted_alone_asks_the_ledger_once(house: House) -> None:
    nodes, limits = house.limits._nodes, house.limits
    assert nodes is not None
    limits._open().close()  # as a process does that cannot reach Redis, and ends
    limits._counters, url = None, nodes.url
    for expected in ({"key:paid", "key:also paid"}, set[str]()):
        await limits.share(SharedSettings(redis_url=url, timeout_s=10), lambda: True)
        assert limits._nodes is not None
        assert limits._nodes._behind.keys() == expected
        await limits._nodes.stop()
        limits._path.unlink(missing_ok=True)
    await nodes.stop()
