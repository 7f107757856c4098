"""What `sealink check` says about prices."""

from fnmatch import fnmatchcase
from typing import Final

from sealink.catalog.prices import PriceRule, PriceRules, current_rates
from sealink.catalog.rates import NANO, Rates
from sealink.config import Config, ProviderConfig, rule_of
from sealink.policy.routing import may_fit_one_name

_BY_NAME: Final = "priced by the model's name"


class PricedTargets:
    """Says what each target costs, and remembers those without a price."""

    def __init__(self, config: Config) -> None:
        self._all = [rule_of(price) for price in config.prices]
        self._rules = PriceRules(self._all)
        self.unpriced: list[str] = []

    def price(self, provider: ProviderConfig, model: str) -> str:
        """The price of a model at a provider, in words; "" for a simulated one. A pattern (`claude-*`) has one only if
        it is the same for all that fit it."""
        rule = self._rules.rule_for(provider.name, model)
        vendor = provider.pricing_vendor
        if self._differs(provider.name, model):
            return _BY_NAME
        if rule.rates is not None:
            return _in_words(rule.rates, rule)
        if provider.dialect_name == "sim":
            return ""
        if vendor is not None and vendor.stated_cost is not None:
            return f"priced by {vendor.name}{_markup(rule)}"
        if "*" in model and vendor is not None and vendor.price_list:
            return f"{_BY_NAME}{_markup(rule)}"
        listed = current_rates(vendor.price_list, model) if vendor is not None else None
        if listed is None:
            self.unpriced.append(f"{provider.name}:{model}")
            return "no price"
        return _in_words(listed.base, rule)

    def _differs(self, provider: str, model: str) -> bool:
        """Whether some of the models that a pattern fits have a price of their own."""
        return "*" in model and any(
            fnmatchcase(provider, rule.provider)
            and not fnmatchcase(model, rule.model)
            and may_fit_one_name(rule.model, model)
            for rule in self._all
        )


def _in_words(rates: Rates, rule: PriceRule) -> str:
    """The prices of tokens are those of a million."""
    tokens = ((rates.input, "in"), (rates.output, "out"))
    each = ((rates.request or None, "a request"), (rates.image or None, "an image"))
    words = [f"${nano / NANO:g} {kind}" for nano, kind in (*tokens, *each) if nano is not None]
    return ", ".join(words) + _markup(rule)


def _markup(rule: PriceRule) -> str:
    return f" {rule.markup_millipercent / 1000:+g} %" if rule.markup_millipercent else ""
