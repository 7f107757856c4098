"""Prices: a usage is charged as the price list's own package charges it, to the nano-dollar, and nothing else is."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.catalog.prices import PriceRule, PriceRules, current_rates, listed_cost_nano_usd
from sealink.catalog.rates import MAX_TOKENS, Rates
from sealink.catalog.tokens import count_tokens
from sealink.usage import Usage

MODELS = [
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-5"),
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"),
    ("mistral", "mistral-small-latest"),
]
COUNTS = st.integers(0, 300_000)
RATES = Rates(input=3_000, output=15_000, cached_read=300, cached_write_5m=3_750, cached_write_1h=6_000)
"""Nano-dollars for a million."""
MILLION = 10**6


@pytest.mark.parametrize(("vendor", "model"), MODELS)
@given(fresh=COUNTS, read=COUNTS, short=COUNTS, long=COUNTS, output=COUNTS)
def test_the_package_says_the_same(
    vendor: str, model: str, fresh: int, read: int, short: int, long: int, output: int
) -> None:
    """A model without a price of one-hour writes charges them as the others."""
    has_long = current_rates(vendor, model).base.cached_write_1h is not None  # type: ignore[union-attr]
    usage = Usage(
        fresh + read + short + long,
        output,
        cached_read_tokens=read,
        cached_write_tokens=short + long,
        cached_write_1h_tokens=long,
    )
    theirs = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=short + long,
        **({"cache_write_1h_tokens": long} if has_long else {}),
    )
    price = genai_prices.calc_price(theirs, model_ref=model, provider_id=vendor).total_price * 10**9
    assert listed_cost_nano_usd(usage, vendor, model) == int(price.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("minute", "nano_usd"), [(29, 685_000_000), (30, 1_370_000_000), (59, 1_370_000_000)])
def test_a_price_that_changes_at_half_past_counts_from_then_on(
    minute: int, nano_usd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 29, 0, minute, 30, tzinfo=UTC).timestamp()
    monkeypatch.setattr("sealink.catalog.prices.time.time", lambda: now)
    assert listed_cost_nano_usd(Usage(10**6, 10**6), "deepseek", "deepseek-chat") == nano_usd


def test_a_known_price() -> None:
    usage = Usage(input_tokens=1000, output_tokens=100, cached_read_tokens=10)
    assert listed_cost_nano_usd(usage, "anthropic", "claude-sonnet-4-6") == 4_473_000


@pytest.mark.parametrize(("vendor", "model"), [("", "gpt-4o"), ("openai", "no-such-model"), ("no-such", "gpt-4o")])
def test_what_is_not_listed_has_no_price(vendor: str, model: str) -> None:
    assert listed_cost_nano_usd(Usage(input_tokens=1), vendor, model) is None


def test_a_large_prompt_has_rates_of_its_own() -> None:
    below, above = (
        listed_cost_nano_usd(Usage(count, 1000), "anthropic", "claude-sonnet-4-5") for count in (200_000, 200_001)
    )
    assert (below, above) == (600_000_000 + 15_000_000, 1_200_006_000 + 22_500_000)


@pytest.mark.parametrize(
    ("usage", "nano_usd"),
    [
        (Usage(MILLION, MILLION), 18_000),
        (Usage(MILLION, cached_read_tokens=MILLION), 300),
        (Usage(MILLION, cached_write_tokens=MILLION), 3_750),
        (Usage(MILLION, cached_write_tokens=MILLION, cached_write_1h_tokens=MILLION), 6_000),
        # more for an hour than was written at all
        (Usage(MILLION, cached_write_tokens=MILLION, cached_write_1h_tokens=5 * MILLION), 6_000),
        # more cached than the whole prompt
        (Usage(MILLION, cached_read_tokens=2 * MILLION), 600),
        (Usage(0, 0, cached_read_tokens=MILLION), 300),
        (Usage(0, MILLION), 15_000),
        (Usage(-5, -7, -1, -1, -1), 0),
        (Usage(-5, MILLION, cached_read_tokens=-MILLION, cached_write_1h_tokens=-1), 15_000),
        (Usage(MILLION, input_audio_tokens=2 * MILLION, cached_audio_tokens=7), 3_000),
        (Usage(1, MAX_TOKENS + 1), None),
        (Usage(10**40), None),
        (Usage(1, web_searches=10**40), None),
    ],
)
def test_no_usage_makes_a_cost_that_cannot_be(usage: Usage, nano_usd: int | None) -> None:
    assert RATES.cost(usage) == nano_usd


@given(st.lists(st.integers(-(10**12), 10**30), min_size=13, max_size=13))
def test_a_cost_is_never_negative_and_never_fails(counts: list[int]) -> None:
    usage = Usage(*counts[:5], None, {}, *counts[5:])  # type: ignore[arg-type]
    rates = Rates(input=3, output=15, reasoning=2, input_audio=7, output_audio=9, input_image=1, output_image=4)
    for each in (RATES, rates, Rates()):
        cost = each.cost(usage)
        assert cost is None or cost >= 0


def test_a_part_without_a_price_is_charged_as_its_whole() -> None:
    rates = Rates(input=1_000, output=10_000)
    parts = Usage(
        4 * MILLION,
        4 * MILLION,
        cached_read_tokens=MILLION,
        cached_write_tokens=MILLION,
        reasoning_tokens=MILLION,
        cached_write_1h_tokens=MILLION,
        input_audio_tokens=MILLION,
        output_image_tokens=MILLION,
    )
    assert rates.cost(parts) == rates.cost(Usage(4 * MILLION, 4 * MILLION)) == 44_000


def test_what_has_no_price_at_all_is_not_free() -> None:
    assert Rates(input=1).cost(Usage(10, 1)) is None
    assert Rates(input=1).cost(Usage(MILLION)) == 1
    assert Rates(output=1).cost(Usage(1, 1)) is None


def test_the_first_rule_that_fits_counts() -> None:
    first = PriceRule(provider="my-*", model="qwen3*", rates=RATES)
    rules = PriceRules([first, PriceRule(provider="my-*"), PriceRule(model="gpt-*", markup_millipercent=10_000)])
    assert rules.rule_for("my-vllm", "qwen3-8b") is first
    assert rules.rule_for("my-vllm", "gpt-5").markup_millipercent == 0
    assert rules.rule_for("openai", "gpt-5").markup_millipercent == 10_000
    assert rules.rule_for("openai", "o3") == PriceRule()


def test_names_that_clients_choose_are_kept_up_to_a_length_and_a_number() -> None:
    rules = PriceRules()
    for number in range(3000):
        assert rules.rule_for("p", f"model-{number}") is rules.rule_for("p", "m" * 1000 + str(number))
    assert 0 < len(rules._kept) <= 1024
    assert max(len(model) for _, model in rules._kept) < 1000


@pytest.mark.parametrize(
    ("millipercent", "cost", "price"),
    [(0, 7, 7), (10_000, 1000, 1100), (-25_000, 1000, 750), (-100_000, 1000, 0), (12_500, 4, 5), (10_000, 0, 0)],
)
def test_a_markup(millipercent: int, cost: int, price: int) -> None:
    assert PriceRule(markup_millipercent=millipercent).marked_up(cost) == price


def test_tokens_are_counted() -> None:
    assert count_tokens("") == 0
    assert count_tokens("Hello, world! <|endoftext|>") > 4
    assert 500_000 < count_tokens("many words " * 250_000) < 500_100
