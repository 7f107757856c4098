"""The price list of the genai-prices package (it comes with the package: no network).

Importing it takes 0.1 s and 18 MiB, so that catalog/prices.py does so when it is first needed.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import genai_prices
import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

from sealink.usage import Usage

_NANO = Decimal(10**9)
_MILLION = 10**6

get_snapshot()


class Rates(msgspec.Struct, frozen=True):
    """A model's prices where they are plain: nano-dollars for a million tokens of each kind."""

    input: int
    output: int
    cached_read: int
    cached_write: int

    def price(self, usage: Usage) -> int:
        """Nano-dollars, rounded half up."""
        fresh = usage.input_tokens - usage.cached_read_tokens - usage.cached_write_tokens
        price = (
            fresh * self.input
            + usage.cached_read_tokens * self.cached_read
            + usage.cached_write_tokens * self.cached_write
            + usage.output_tokens * self.output
        )
        return (2 * price + _MILLION) // (2 * _MILLION)


def listed_price(usage: Usage, provider: str, model: str) -> int:
    """As `price_nano_usd`, by the package itself: for any model, and 150 µs. Raises LookupError."""
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_read_tokens,
        cache_write_tokens=usage.cached_write_tokens,
    )
    price = genai_prices.calc_price(tokens, model_ref=model, provider_id=provider)
    return int((price.total_price * _NANO).quantize(Decimal(1), ROUND_HALF_UP))


def pricer_of(provider: str, model: str) -> Callable[[Usage], int] | None:
    """What prices an answer of the model, as of now; None where the list does not know it."""
    try:
        listed = genai_prices.calc_price(genai_prices.Usage(input_tokens=1), model_ref=model, provider_id=provider)
    except LookupError:
        return None
    if any(isinstance(price, TieredPrices) for price in vars(listed.model_price).values()):
        return partial(listed_price, provider=provider, model=model)  # a token's price depends on how many there are
    return Rates(
        input=listed_price(Usage(input_tokens=_MILLION), provider, model),
        output=listed_price(Usage(output_tokens=_MILLION), provider, model),
        cached_read=listed_price(Usage(input_tokens=_MILLION, cached_read_tokens=_MILLION), provider, model),
        cached_write=listed_price(Usage(input_tokens=_MILLION, cached_write_tokens=_MILLION), provider, model),
    ).price
