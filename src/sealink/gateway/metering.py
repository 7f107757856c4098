"""What an attempt has cost: the provider's own count where it is the last word, else an estimate."""

from collections.abc import Callable

import msgspec

from sealink.catalog.prices import price_nano_usd
from sealink.catalog.tokens import count_tokens
from sealink.policy.routing import Target
from sealink.usage import Provenance, Usage
from sealink.wire.stream.outcome import Outcome


def metered(outcome: Outcome, prompt_tokens: Callable[[], int]) -> tuple[Usage, Provenance]:
    """The provider's count if it is the last word; else what it had said, and what has come, counted.

    `prompt_tokens` is asked where the provider has said nothing.
    """
    said = outcome.usage
    if said is not None and outcome.complete and outcome.provenance == "provider":
        return said, "provider"
    came = outcome.text.tokens(count_tokens)
    if said is None:
        return Usage(input_tokens=prompt_tokens(), output_tokens=came), "estimated"
    if said.output_tokens >= came:
        return said, "partial"
    return msgspec.structs.replace(said, output_tokens=came), "estimated"


def cost_nano_usd(usage: Usage, target: Target) -> int | None:
    """None where the price is not known."""
    if target.provider.simulated:
        return 0
    return price_nano_usd(usage, target.provider.name, target.model)
