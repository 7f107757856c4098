"""What tokens cost, from the price list of the genai-prices package (it comes with the package: no network)."""

from decimal import ROUND_HALF_UP, Decimal

import genai_prices

from sealink.usage import Usage

_NANO = Decimal(10**9)


def price_nano_usd(usage: Usage, provider: str, model: str) -> int | None:
    """The price of an answer in nano-dollars, rounded half up; None where the list does not know the model."""
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_read_tokens,
        cache_write_tokens=usage.cached_write_tokens,
    )
    try:
        price = genai_prices.calc_price(tokens, model_ref=model, provider_id=provider)
    except LookupError:
        return None
    return int((price.total_price * _NANO).quantize(Decimal(1), ROUND_HALF_UP))
