"""The price list of the genai-prices package (it comes with the package: no network).

Importing it takes 0.1 s and 18 MiB, so that catalog/prices.py does so when it is first needed.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from sealink.catalog.rates import NANO, Rates

_MTOK_KEYS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_read": "cache_read_mtok",
    "cached_write_5m": "cache_write_mtok",
    "cached_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "input_audio": "input_audio_mtok",
    "cached_audio": "cache_audio_read_mtok",
    "output_audio": "output_audio_mtok",
    "input_image": "input_image_mtok",
    "output_image": "output_image_mtok",
}
"""The list's names of the prices of a million tokens."""
_THOUSAND_KEYS: Final = {
    "web_search": "web_searches_kcount",
    "file_search": "storage_searches_kcount",
    "request": "requests_kcount",
}
"""The list's names of the prices of a thousand."""
_VARIANTS: Final = ("service_tier", "speed", "processing")
"""By which of its names a service tier is listed depends on the vendor."""

get_snapshot()


class ListedRates(msgspec.Struct, frozen=True):
    """A model's rates. `tiers`: the rates of prompts with more tokens than a number, the largest number first."""

    base: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()

    def of(self, input_tokens: int) -> Rates:
        """The rates of all tokens of a request with such a prompt."""
        return next((rates for start, rates in self.tiers if input_tokens > start), self.base)


def listed_rates(vendor: str, model: str, service_tier: str, at_s: float) -> ListedRates | None:
    """A model's rates at a time, by the list's id of the vendor; None where the list does not know the model.

    A tier that the list does not know is charged as the standard one.
    """
    try:
        listed, found = get_snapshot().find_provider_model(model, None, vendor, None)
    except LookupError:
        return None
    is_own = any(each is found for each in listed.models)  # a variant is that of the model's own vendor
    variants = dict.fromkeys(_VARIANTS, service_tier) if service_tier and is_own else None
    prices = found.get_prices(datetime.fromtimestamp(at_s, UTC), variants)
    base = _rates(prices, 0)
    if not _has_tokens(base):  # priced by the hour or the page, which SeaLink does not count
        return None
    starts = sorted({tier.start for price in _tiered(prices) for tier in price.tiers}, reverse=True)
    return ListedRates(base, tuple((start, _rates(prices, start + 1)) for start in starts))


def _rates(prices: ModelPrice, input_tokens: int) -> Rates:
    """The rates of a prompt of this size."""
    million = {name: _nano(getattr(prices, key), input_tokens, 1) for name, key in _MTOK_KEYS.items()}
    each = {name: _nano(getattr(prices, key), input_tokens, 1000) or 0 for name, key in _THOUSAND_KEYS.items()}
    return msgspec.convert({**million, **each}, Rates)


def _nano(price: Decimal | TieredPrices | None, input_tokens: int, count: int) -> int | None:
    if isinstance(price, TieredPrices):
        above = [tier.price for tier in price.tiers if input_tokens > tier.start]
        price = above[-1] if above else price.base
    return None if price is None else int((price * NANO / count).to_integral_value())


def _has_tokens(rates: Rates) -> bool:
    return rates.input is not None or rates.output is not None


def _tiered(prices: ModelPrice) -> list[TieredPrices]:
    return [price for price in vars(prices).values() if isinstance(price, TieredPrices)]
