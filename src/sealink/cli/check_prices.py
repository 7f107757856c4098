"""What `sealink check` says about prices."""

from sealink.catalog.prices import PriceRule, PriceRules, current_rates
from sealink.catalog.rates import NANO, Rates
from sealink.config import Config, ProviderConfig, TargetConfig, rule_of


class PricedTargets:
    """Says what each target costs, and remembers those without a price."""

    def __init__(self, config: Config) -> None:
        self._rules = PriceRules(map(rule_of, config.prices))
        self.unpriced: list[str] = []

    def price(self, provider: ProviderConfig, target: TargetConfig) -> str:
        """The price of a target, in words; "" for a simulated one. A pattern does not name the models that will be
        asked for."""
        rule = self._rules.rule_for(provider.name, target.model)
        vendor = provider.pricing_vendor
        if rule.rates is not None:
            return _in_words(rule.rates, rule)
        if provider.dialect_name == "sim":
            return ""
        if vendor is not None and vendor.stated_cost is not None:
            return f"priced by {vendor.name}{_markup(rule)}"
        if not target.model:
            return "priced by the model's name"
        listed = current_rates(vendor.price_list, target.model) if vendor is not None else None
        if listed is None:
            self.unpriced.append(f"{provider.name}:{target.model}")
            return "no price"
        return _in_words(listed.base, rule)


def _in_words(rates: Rates, rule: PriceRule) -> str:
    """The prices of tokens are those of a million."""
    tokens = ((rates.input, "in"), (rates.output, "out"))
    each = ((rates.request or None, "a request"), (rates.image or None, "an image"))
    words = [f"${nano / NANO:g} {kind}" for nano, kind in (*tokens, *each) if nano is not None]
    return ", ".join(words) + _markup(rule)


def _markup(rule: PriceRule) -> str:
    return f" {rule.markup_millipercent / 1000:+g} %" if rule.markup_millipercent else ""
