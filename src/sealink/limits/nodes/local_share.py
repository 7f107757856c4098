"""What a node may use by itself, while it does not know what the others do: its share of each limit."""

import math
from typing import Final

import msgspec

from sealink.catalog.rates import NANO
from sealink.limits.subjects import Credit, Recorded, Subject
from sealink.policy.budgets import nano_usd

_COUNTS: Final = ("requests_per_minute", "tokens_per_minute", "concurrent_streams", "requests_per_day")


def share_of(subject: Subject, share: float, used: Recorded) -> Subject:
    """A subject with a share of each limit, of one at least where any is allowed; and of the money that was left when
    the ledger said that so much was used."""
    limits = subject.limits
    counts = {name: _share(getattr(limits, name), share) for name in _COUNTS}
    budget_usd = limits.budget_usd
    if budget_usd is not None:
        budget_usd = _of_left(nano_usd(budget_usd), used.in_period, share) / NANO
    credit = subject.credit
    if credit is not None:
        credit = Credit(_of_left(credit.amount, used.of_balance, share), credit.since_s)
    return Subject(subject.name, msgspec.structs.replace(limits, budget_usd=budget_usd, **counts), credit)


def share_of_used(used: Recorded, share: float) -> Recorded:
    """What counts as used by this node of what all nodes have used; money is counted whole."""
    requests, tokens, of_day = (math.ceil(amount * share) for amount in used[:3])
    return Recorded(requests, tokens, of_day, used.in_period, used.of_balance)


def _share(limit: int | None, share: float) -> int | None:
    return limit and max(1, math.floor(limit * share))


def _of_left(amount: int, spent: int, share: float) -> int:
    return spent + max(0, math.floor((amount - spent) * share)) if amount > spent else amount
