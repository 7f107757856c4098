"""Prices: the short way agrees with the package's own, to the nano-dollar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.catalog.price_list import listed_price
from sealink.catalog.prices import price_nano_usd
from sealink.catalog.tokens import count_tokens
from sealink.usage import Usage

MODELS = [
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-5"),
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"),
    ("mistral", "mistral-small-latest"),
]
COUNTS = st.integers(0, 300_000)


@pytest.mark.parametrize(("provider", "model"), MODELS)
@given(fresh=COUNTS, read=COUNTS, write=COUNTS, output=COUNTS)
def test_both_ways_agree(provider: str, model: str, fresh: int, read: int, write: int, output: int) -> None:
    usage = Usage(fresh + read + write, output, cached_read_tokens=read, cached_write_tokens=write)
    assert price_nano_usd(usage, provider, model) == listed_price(usage, provider, model)


def test_a_known_price() -> None:
    usage = Usage(input_tokens=1000, output_tokens=100, cached_read_tokens=10)
    assert price_nano_usd(usage, "anthropic", "claude-sonnet-4-6") == 4_473_000


def test_what_the_provider_charges_for_is_what_counts() -> None:
    read = Usage(input_tokens=1500, output_tokens=350, cached_read_tokens=1000, billed=(80, 310))
    charged = Usage(input_tokens=80, output_tokens=310)
    price = price_nano_usd(read, "cohere", "command-r")
    assert price == price_nano_usd(charged, "cohere", "command-r")
    assert price


def test_what_is_not_listed_has_no_price() -> None:
    assert price_nano_usd(Usage(input_tokens=1), "my-vllm", "qwen3") is None
    assert price_nano_usd(Usage(input_tokens=1), "openai", "no-such-model") is None


def test_tokens_are_counted() -> None:
    assert count_tokens("") == 0
    assert count_tokens("Hello, world! <|endoftext|>") > 4
    assert 500_000 < count_tokens("many words " * 250_000) < 500_100
