"""[[prices]] as the rules by which costs are worked out."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from sealink.catalog.prices import PriceRule
from sealink.catalog.rates import NANO, Rates
from sealink.config.sections import PriceConfig

_RATES: Final = {
    "input": "input_usd_per_mtok",
    "output": "output_usd_per_mtok",
    "cached_read": "cached_read_usd_per_mtok",
    "cached_write_5m": "cached_write_5m_usd_per_mtok",
    "cached_write_1h": "cached_write_1h_usd_per_mtok",
    "reasoning": "reasoning_usd_per_mtok",
}


def rule_of(price: PriceConfig) -> PriceRule:
    """The rule of a table."""
    return PriceRule(
        provider=price.provider,
        model=price.model,
        rates=_rates_of(price),
        markup_millipercent=_whole(Decimal(str(price.markup_percent)) * 1000),
    )


def _rates_of(price: PriceConfig) -> Rates | None:
    """None where the table has no price, but a markup."""
    tokens = {name: _nano(getattr(price, key)) for name, key in _RATES.items()}
    once = {"request": _nano(price.request_usd), "image": _nano(price.image_usd)}
    if all(value is None for value in (*tokens.values(), *once.values())):
        return None
    if tokens["input"] is tokens["output"] is None:
        tokens |= {"input": 0, "output": 0}
    return msgspec.convert({**tokens, **{name: value or 0 for name, value in once.items()}}, Rates)


def _nano(usd: float | None) -> int | None:
    return None if usd is None else _whole(Decimal(str(usd)) * NANO)


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_UP))
