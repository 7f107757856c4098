"""The price of an answer: by the operator's own prices, what the vendor says that it charges, or the built-in list."""

import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from sealink.catalog.rates import Rates
from sealink.usage import Usage

if TYPE_CHECKING:
    from sealink.catalog.price_list import ListedRates

_MINUTE_S = 60


class PriceRule(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's price of the models that both patterns fit: of the provider's name, and of the model's name there.

    `rates` is None where only a markup is set. The markup is in thousandths of a percent: 10 % is 10,000.
    """

    provider: str = "*"
    model: str = "*"
    rates: Rates | None = None
    markup_millipercent: int = 0

    def marked_up(self, cost_nano_usd: int) -> int:
        """The price, rounded half up."""
        return (2 * cost_nano_usd * (100_000 + self.markup_millipercent) + 100_000) // 200_000

    @property
    def linear(self) -> tuple[int, int, int] | None:
        """What a million plain tokens of input and of output cost, and the markup; None where more has to be known:
        whether there are images, or the list's price."""
        rates = self.rates
        if rates is None or rates.request or rates.image or rates.input is None or rates.output is None:
            return None
        return rates.input, rates.output, self.markup_millipercent

    def of_plain(self, inputs: int, outputs: int) -> tuple[int, int] | None:
        """The price of so many plain tokens, of the input alone and with the output; None where more has to be known,
        as for `linear`."""
        rates = self.rates
        if rates is None or rates.request or rates.image:
            return None
        input, whole = rates.of_plain(inputs, 0), rates.of_plain(inputs, outputs)
        if input is None or whole is None:
            return None
        return (self.marked_up(input), self.marked_up(whole)) if self.markup_millipercent else (input, whole)


NO_RULE = PriceRule()
_MOST_KEPT, _MOST_CHARS = 1024, 256
"""How many models' rules are kept, and how long their names may be: behind a wildcard a client chooses them."""


class PriceRules:
    """The operator's prices: the first rule that fits counts."""

    def __init__(self, rules: Iterable[PriceRule] = ()) -> None:
        self._rules = tuple(rules)
        self._kept: dict[tuple[str, str], PriceRule] = {}

    def rule_for(self, provider: str, model: str) -> PriceRule:
        """The rule of a model; one that changes nothing where none fits."""
        rule = self._kept.get((provider, model))
        return self._find(provider, model) if rule is None else rule

    def _find(self, provider: str, model: str) -> PriceRule:
        fitting = (
            rule for rule in self._rules if fnmatchcase(provider, rule.provider) and fnmatchcase(model, rule.model)
        )
        rule = next(fitting, NO_RULE)
        if len(model) <= _MOST_CHARS:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[provider, model] = rule
        return rule


def load_prices() -> None:
    """Import the price list now, which else the first request that is priced, and all beside it, would wait for."""
    import_module("sealink.catalog.price_list")


def listed_cost_nano_usd(usage: Usage, vendor: str, model: str) -> int | None:
    """What the list says that an answer costs, in nano-dollars, rounded half up; None where it does not know.

    `vendor` is the vendor's id in the list, "" for one that is not in it.
    """
    listed = current_rates(vendor, model, usage.service_tier)
    return None if listed is None else listed.of(usage.input_tokens).cost(usage)


def current_rates(vendor: str, model: str, service_tier: str = "") -> "ListedRates | None":
    """The list's rates of a model; None where it does not know the vendor or the model."""
    return _rates_of(vendor, model, service_tier, int(time.time() // _MINUTE_S)) if vendor else None


@lru_cache(maxsize=1024)
def _rates_of(vendor: str, model: str, service_tier: str, minute: int) -> "ListedRates | None":
    """Looked up anew each minute: some prices depend on the time of day, and change at half past."""
    from sealink.catalog.price_list import listed_rates

    return listed_rates(vendor, model, service_tier, minute * _MINUTE_S)
