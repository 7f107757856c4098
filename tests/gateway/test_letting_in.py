"""Requests that fit under limits: what is counted of them, and that nothing that was kept outlives its reason."""

from collections.abc import Iterator

import pytest
from test_queue import MODELS, TARGETS, House, refused

from fake_clock import on_fake_clock
from outside import absent
from sealink.access.keys import ApiKey, Team
from sealink.catalog.prices import PriceRule, PriceRules
from sealink.catalog.rates import Rates
from sealink.errors import InsufficientBalance, RateLimited
from sealink.gateway.limits import estimate
from sealink.gateway.limits.left_headers import left_headers
from sealink.gateway.limits.settings import LimitSettings
from sealink.limits import plain_slots
from sealink.limits.subjects import Recorded
from sealink.net.header_lines import pairs_of
from sealink.policy.limits import DAY_NS, MINUTE_NS, Remaining, UsageLimits
from sealink.policy.routing import ModelRoute, Router
from sealink.wire.dialects import anthropic_messages, openai_chat

LINEAR = PriceRules([PriceRule(rates=Rates(input=10**9, output=10**9))])  # a microdollar for each token


@pytest.fixture(params=["in Python", "in C"])
def _accelerator(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "in C" and not plain_slots.is_built:
        absent("the accelerator was not built")
    before = plain_slots.is_used
    plain_slots.use_accelerator(request.param == "in C")
    yield
    plain_slots.use_accelerator(before)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts that were counted, each of which has a token."""
    texts: list[str] = []

    def count(text: str) -> int:
        texts.append(text)
        return 1

    monkeypatch.setattr(estimate, "estimate_tokens", count)
    return texts


def spent_nothing(house: House) -> None:
    """Nobody has to ask the ledger, which takes a thread."""
    for key in house.keyring.in_force():
        for subject in house.limits.subjects_of(key):
            house.limits._open().recorded(subject, Recorded(), 0.0)


@pytest.mark.usefixtures("_accelerator")
@pytest.mark.parametrize("model", ["m", "many-1"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("priced", [True, False])
@on_fake_clock
async def test_a_prompt_is_counted_only_where_it_is_not_little(
    counted: list[str], model: str, *, stream: bool, priced: bool
) -> None:
    """Of what is left of tokens and of money. Else it is taken to have as many tokens as the body has bytes."""
    money = 1.0 if priced else None
    models = (*MODELS, ModelRoute("many-*", TARGETS))
    async with House(ApiKey(name="a", tokens_per_minute=20_000, budget_usd=money, queue_s=0.0), models=models) as house:
        spent_nothing(house)
        house.limits.configure(LimitSettings(), LINEAR, house.router)
        left = 20_000
        for number in range(3):
            admitted = await house.ask("a", model=model, stream=stream)
            size = len(admitted.request.head.body)
            left -= 5 + (
                size if number else 1
            )  # the first is counted: nobody knew yet that nothing has to be waited for
            assert dict(pairs_of(admitted.limit_lines))["x-ratelimit-remaining-tokens"] == str(left)
            assert len(counted) == 1
            assert (admitted.request.meter is not None) == (stream and priced)
        await house.ask(
            "a", model=model, max_tokens=left - 2 * size
        )  # whose price is more than a hundredth of a dollar
        assert len(counted) == 1 + priced
        await house.ask("a", model=model, max_tokens=1)  # for which 2 * size are left, or a little more
        assert len(counted) == 2 + priced
        with refused(RateLimited, "tokens"):
            await house.ask("a", model=model, max_tokens=2 * size)
        assert len(counted) == 3 + priced


@pytest.mark.usefixtures("_accelerator")
@on_fake_clock
async def test_no_prompt_is_counted_for_a_limit_of_requests(counted: list[str]) -> None:
    async with House(ApiKey(name="a", requests_per_minute=2, concurrent_streams=2, queue_s=0.0)) as house:
        house.set(queue_s=0.0)
        for _ in range(2):
            await house.ask("a", stream=True)
        with refused(RateLimited, "requests"):
            await house.ask("a")
        assert not counted


@pytest.mark.usefixtures("_accelerator", "counted")
@on_fake_clock
async def test_no_kept_limit_outlives_a_change() -> None:
    before = ApiKey(name="a", team="t", requests_per_minute=100, budget_usd=1.0, queue_s=0.0)
    async with House(before, teams=(Team(name="t"),)) as house:
        spent_nothing(house)
        house.limits.configure(LimitSettings(), LINEAR, house.router)
        for _ in range(3):
            await house.ask("a")
        house.know(ApiKey(name="a", team="t", requests_per_minute=3, queue_s=0.0))
        with refused(RateLimited, "requests"):
            await house.ask("a")
        house.know(before)
        await house.ask("a")
        house.teams = (house.teams[0].__class__(Team(name="t", requests_per_minute=1), ""),)
        house.know(before)
        await house.ask("a")
        with refused(RateLimited, "requests"):
            await house.ask("a")
        house.teams = (house.teams[0].__class__(Team(name="t"), ""),)
        house.know(before)
        limited = ModelRoute("m", TARGETS, limits=UsageLimits(requests_per_minute=0), limited_as="m")
        house.limits.configure(LimitSettings(), LINEAR, Router([limited]))
        await house.ask("a")  # by the router of this process's admission, which is another one with each reload
        house.control._router = Router([limited])
        with refused(RateLimited, "requests"):
            await house.ask("a")
        house.control._router = Router(MODELS)
        dear = PriceRules([PriceRule(rates=Rates(input=10**9, output=10**15))])
        house.limits.configure(LimitSettings(), dear, house.router)
        with refused(InsufficientBalance, "budget_exceeded"):
            await house.ask("a")


def test_what_is_left_is_told_in_the_words_of_the_api() -> None:
    requests, tokens = Remaining(300, 299, MINUTE_NS), Remaining(500_000, 498_976, MINUTE_NS)
    headers = left_headers(openai_chat.CLIENT)
    assert headers.of(None, None, 0.0) == ""
    for left in (498_976, 7):
        assert headers.of(requests, tokens._replace(left=left), 0.0) == (
            "x-ratelimit-limit-requests: 300\r\nx-ratelimit-remaining-requests: 299\r\n"
            "x-ratelimit-reset-requests: 1m0s\r\nx-ratelimit-limit-tokens: 500000\r\n"
            f"x-ratelimit-remaining-tokens: {left}\r\nx-ratelimit-reset-tokens: 1m0s\r\n"
        )
    assert pairs_of(headers.of(requests._replace(reset_ns=DAY_NS), tokens, 0.0))[2][1] == "24h0m0s"
    assert [name for name, _ in pairs_of(headers.of(None, tokens, 0.0))] == [
        *openai_chat.CLIENT.limit_headers("tokens")
    ]
    of_time = left_headers(anthropic_messages.CLIENT)
    for now_s, then in ((0.25, "1970-01-01T00:01:01Z"), (1.0, "1970-01-01T00:01:01Z"), (2.0, "1970-01-01T00:01:02Z")):
        told = dict(pairs_of(of_time.of(requests, tokens, now_s)))
        assert told["anthropic-ratelimit-requests-reset"] == told["anthropic-ratelimit-tokens-reset"] == then
