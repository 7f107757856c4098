"""[limits]: what is reserved for requests, and how."""

from typing import Literal

import msgspec

from sealink.amounts import Count, Delay, Percent, Seconds, Size

Unpriced = Literal["refuse", "allow"]


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[limits]: how the limits and budgets of keys, teams and models are counted."""

    reserve_output_tokens: Count = 1024
    """Tokens that are reserved for an answer whose request does not say how many it may have (`max_tokens`)."""
    unpriced: Unpriced = "refuse"
    """What happens to requests for a model without a known price under a budget or balance. `refuse`: 403
    `price_unknown`. `allow`: they are let in, and cost the budget nothing."""
    warn_at_percent: Percent = 80.0
    """At which part of a budget, or of what was paid into a balance, the log warns that so much is spent, and webhooks
    are told (`budget.warning`, `balance.low`). The log warns once, and once more when all of it is spent."""
    queue_s: Delay = 0.0
    """How long a request that a limit keeps out may wait in line until it lets it in, instead of a 429 at once, where
    neither its key nor its model says it. 0: it does not wait."""
    max_queued: Count = 1000
    """How many requests may wait in line at a time, in one process. Beyond that the key with the most of them gets the
    429."""
    queue_poll_s: Seconds = 0.25
    """How often the first in a line looks whether another process has given tokens or a stream back."""
    max_names: Size = 16_384
    """How many keys, teams and models with limits are counted at a time, in the file `counters` of [server] `data_dir`.
    It is read when that file is made."""
