"""Budgets and balances that come to an end: each is told once."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from sealink.limits.subjects import Subject
from sealink.policy.budgets import nano_usd, period_start_s
from sealink.webhooks.events import Event, event
from sealink.webhooks.outbox import Outbox
from sealink.webhooks.settings import WebhookSettings

_TYPES: Final = ("budget.warning", "budget.exhausted", "balance.low")
_NANO: Final = 10**9


class Spent(Protocol):
    """The ledger, as far as it says what was spent, in nano-dollars. Blocks."""

    def __call__(self, name: str, since_s: float, *, by_balance: bool = False) -> int: ...


class Thresholds(NamedTuple):
    """Of which part of a budget, or of what was paid into a balance, that is spent an event is due."""

    warn_at: float


def take_thresholds(
    outbox: Outbox,
    endpoints: Sequence[WebhookSettings],
    subjects: Iterable[Subject],
    spent: Spent,
    thresholds: Thresholds,
) -> None:
    """Put what has come to a threshold into the outbox: for each period of a budget, and for each amount that was paid
    into a balance, once."""
    if not any(endpoint.wants(kind) for endpoint in endpoints for kind in _TYPES):
        return
    for subject in subjects:
        for found in (*_of_budget(subject, spent, thresholds), *_of_balance(subject, spent, thresholds)):
            with outbox.writing() as connection:
                if outbox.mark(connection, found.id) is None:
                    outbox.add_within(connection, [found], endpoints)


def _of_budget(subject: Subject, spent: Spent, thresholds: Thresholds) -> Iterator[Event]:
    budget_usd = subject.limits.budget_usd
    if not budget_usd:
        return
    since_s = period_start_s(subject.period, time.time())
    used = spent(subject.name, since_s)
    data = {**_named(subject), "period": subject.period, "budget_usd": budget_usd, "spent_usd": used / _NANO}
    place = subject.name, str(since_s), str(budget_usd)
    if used >= nano_usd(budget_usd):
        yield event("budget.exhausted", data, of=place)
    elif used >= nano_usd(budget_usd) * thresholds.warn_at:
        yield event("budget.warning", data, of=place)


def _of_balance(subject: Subject, spent: Spent, thresholds: Thresholds) -> Iterator[Event]:
    credit = subject.credit
    if credit is None:
        return
    used = spent(subject.name, credit.since_s, by_balance=True)
    if used >= credit.amount * thresholds.warn_at:
        left = credit.amount - used
        data = {**_named(subject), "paid_in_usd": credit.amount / _NANO, "left_usd": left / _NANO}
        yield event("balance.low", data, of=(subject.name, str(credit)))


def _named(subject: Subject) -> dict[str, str]:
    kind, _, name = subject.name.partition(":")
    return {kind: name}
