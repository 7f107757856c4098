"""Usage and cost of an attempt: the provider's final count if it has sent one, else an estimate."""

from collections.abc import Callable

import msgspec

from sealink.catalog.prices import price_nano_usd
from sealink.catalog.tokens import count_tokens
from sealink.policy.routing import Target
from sealink.usage import Provenance, Usage
from sealink.wire.stream.outcome import Outcome


def metered(outcome: Outcome, prompt_tokens: Callable[[], int]) -> tuple[Usage, Provenance]:
    """The provider's final count; else the larger of its last count and of the tokens that have come.

    `prompt_tokens` is called where the provider has reported nothing.
    """
    reported = outcome.usage
    if reported is not None and outcome.complete and outcome.provenance == "provider":
        return reported, "provider"
    received = outcome.text.tokens(count_tokens)
    if reported is None:
        return Usage(input_tokens=prompt_tokens(), output_tokens=received), "estimated"
    if reported.output_tokens >= received:
        return reported, "partial"
    return msgspec.structs.replace(reported, output_tokens=received), "estimated"


def cost_nano_usd(usage: Usage, target: Target) -> int | None:
    """None where the price is not known."""
    if target.provider.simulated:
        return 0
    return price_nano_usd(usage, target.provider.name, target.model)
