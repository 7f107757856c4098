"""Usage, cost and price of an attempt. The usage is the provider's final count if it has sent one, else an estimate."""

import logging
from collections.abc import Callable
from fnmatch import fnmatchcase

import msgspec

from sealink.catalog.prices import PriceRules, listed_cost_nano_usd
from sealink.catalog.tokens import count_tokens, estimate_tokens
from sealink.gateway.admitted_request import ClientRequest
from sealink.policy.routing import Target
from sealink.request import Image, ToolResult
from sealink.usage import Provenance, Usage
from sealink.wire.stream.outcome import Outcome

log = logging.getLogger("sealink.gateway")


class Charge(msgspec.Struct, frozen=True):
    """What an answer costs the operator, and its price: the cost with the markup. None where they are not known."""

    cost_nano_usd: int | None = None
    price_nano_usd: int | None = None


class Metered(msgspec.Struct, frozen=True):
    """The usage of an attempt, how it is known, and what it costs."""

    usage: Usage | None = None
    source: Provenance | None = None
    charge: Charge = Charge()


class Meter(msgspec.Struct, frozen=True):
    """Meters the attempts at one request, by the operator's prices."""

    request: ClientRequest
    prices: PriceRules

    def read(self, outcome: Outcome, target: Target, prompt_tokens: int | None = None) -> Metered:
        """Never fails: a request is settled whatever its upstream has reported. What cannot be worked out is not known.

        `prompt_tokens`: the number where it is known already, should this attempt's provider not have reported it.
        """
        usage, source = None, None
        try:
            usage, source = metered(outcome, self._prompt_tokens if prompt_tokens is None else lambda: prompt_tokens)
            return Metered(usage, source, self.charge(usage, source, target))
        except Exception:
            log.exception("%s: the usage or the cost of the answer could not be worked out.", self.request.request_id)
            return Metered(usage, source)

    def _prompt_tokens(self) -> int:
        return estimate_tokens(self.request.client.prompt_text(self.request.head))

    def charge(self, usage: Usage, source: Provenance, target: Target) -> Charge:
        """By the operator's price; else by what the vendor says that it charges; else by the built-in list."""
        rule = self.prices.rule_for(target.provider.name, target.model)
        counted = usage if usage.billed is None else Usage(*usage.billed)
        if rule.rates is not None:
            cost = rule.rates.cost(counted, images=_images(self.request) if rule.rates.image else 0)
        else:
            cost = _vendors_cost(usage, counted, source, target)
        price = rule.marked_up(cost) if cost is not None and rule.markup_millipercent else cost
        return Charge(cost, price)


def metered(outcome: Outcome, prompt_tokens: Callable[[], int]) -> tuple[Usage, Provenance]:
    """The provider's final count; else the larger of its last count and of the tokens that have come.

    `prompt_tokens` is called where the provider has reported nothing, or no token at all.
    """
    reported = outcome.usage
    if reported is not None and not (reported.input_tokens > 0 or reported.output_tokens > 0):
        reported = None
    if reported is not None and outcome.complete and outcome.provenance == "provider":
        return reported, "provider"
    received = outcome.text.tokens(count_tokens)
    if reported is None:
        return Usage(input_tokens=prompt_tokens(), output_tokens=received), "estimated"
    if reported.output_tokens >= received:
        return reported, "partial"
    return msgspec.structs.replace(reported, output_tokens=received), "estimated"


def _vendors_cost(usage: Usage, counted: Usage, source: Provenance, target: Target) -> int | None:
    provider = target.provider
    if provider.simulated:
        return 0
    pricing = provider.pricing
    if pricing.stated_cost is not None and source == "provider":
        stated = pricing.stated_cost.nano_usd(usage.extras)
        if stated is not None:
            return stated
    if counted.web_searches > 1 and any(fnmatchcase(target.model, model) for model in pricing.one_search_fee):
        counted = msgspec.structs.replace(counted, web_searches=1)
    return listed_cost_nano_usd(counted, pricing.price_list, target.model)


def _images(request: ClientRequest) -> int:
    """How many images the request has."""
    parts = [part for message in request.neutral.messages for part in message.parts]
    inner = [part for result in parts if isinstance(result, ToolResult) for part in result.content]
    return sum(isinstance(part, Image) for part in (*parts, *inner))
