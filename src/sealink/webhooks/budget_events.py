"""Budgets and balances that come to an end: each is told once."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sealink.catalog.rates import NANO
from sealink.limits.standing import Spent
from sealink.limits.subjects import Subject
from sealink.policy.budgets import Fund, nano_usd, period_start_s, spent_level
from sealink.webhooks.events import Event, event
from sealink.webhooks.outbox import Outbox
from sealink.webhooks.settings import WebhookSettings

_TYPES: Final = ("budget.warning", "budget.exhausted", "balance.low")


def take_thresholds(
    outbox: Outbox,
    endpoints: Sequence[WebhookSettings],
    subjects: Iterable[Subject],
    spent: Spent,
    warn_at_percent: float,
) -> None:
    """Put what has come to a threshold into the outbox: for each period of a budget, and for each amount that was paid
    into a balance, once. `warn_at_percent`: of which part of it that is spent an event is due."""
    if not any(endpoint.wants(kind) for endpoint in endpoints for kind in _TYPES):
        return
    for subject in subjects:
        for found in (*_of_budget(subject, spent, warn_at_percent), *_of_balance(subject, spent, warn_at_percent)):
            with outbox.writing() as connection:
                if outbox.mark(connection, found.id) is None:
                    outbox.add_within(connection, [found], endpoints)


def _of_budget(subject: Subject, spent: Spent, warn_at_percent: float) -> Iterator[Event]:
    budget_usd = subject.limits.budget_usd
    if not budget_usd:
        return
    since_s = period_start_s(subject.period, time.time())
    used = spent(subject.name, since_s)
    data = {**_named(subject), "period": subject.period, "budget_usd": budget_usd, "spent_usd": used / NANO}
    place = subject.name, str(since_s), str(budget_usd)
    level = spent_level(Fund("budget_exceeded", nano_usd(budget_usd), used, 0), warn_at_percent)
    if level:
        yield event("budget.exhausted" if level > 1 else "budget.warning", data, of=place)


def _of_balance(subject: Subject, spent: Spent, warn_at_percent: float) -> Iterator[Event]:
    credit = subject.credit
    if credit is None:
        return
    used = spent(subject.name, credit.since_s, by_balance=True)
    if spent_level(Fund("insufficient_balance", credit.amount, used, 0), warn_at_percent):
        left = credit.amount - used
        data = {**_named(subject), "paid_in_usd": credit.amount / NANO, "left_usd": left / NANO}
        yield event("balance.low", data, of=(subject.name, str(credit)))


def _named(subject: Subject) -> dict[str, str]:
    kind, _, name = subject.name.partition(":")
    return {kind: name}
