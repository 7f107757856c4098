"""A month's bill: a line for each team, key, model and provider, in dollars and in the currency of display."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from sealink.catalog.rates import NANO
from sealink.ledger.reports.totals import By, Summary

BY: Final[tuple[By, ...]] = ("team", "key", "model", "provider")
COUNTS: Final = ("requests", "input_tokens", "output_tokens", "cached_read_tokens", "cached_write_tokens")
MONEY: Final = ("cost_usd", "price_usd", "price", "currency")
COLUMNS: Final = ("month", *BY, *COUNTS, *MONEY)


def lines(month: str, summary: Summary, currency: str, usd_rate: float) -> Iterator[dict[str, object]]:
    """The lines of a summary by BY. Its sums are whole nano-dollars, so that the lines add up to them exactly: they are
    texts, without rounding. `price` is the price in the currency of display."""
    for group, totals in summary.groups.items():
        counts = {name: getattr(totals, name) for name in COUNTS}
        yield {
            "month": month,
            **dict(zip(BY, group, strict=True)),
            **counts,
            "cost_usd": _text(usd(totals.cost_nano_usd)),
            "price_usd": _text(usd(totals.price_nano_usd)),
            "price": _text(usd(totals.price_nano_usd) * Decimal(str(usd_rate))),
            "currency": currency,
        }


def usd(nano: int) -> Decimal:
    """Nano-dollars as dollars, exactly."""
    return Decimal(nano) / NANO


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
