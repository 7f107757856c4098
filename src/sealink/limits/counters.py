"""Requests under limits: admitted if they fit into all that apply, and settled to what they have really used.

All that applies to a request (its key's limits, its team's, the model's) is decided and counted at once, while the
slots of all of them are locked.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from sealink.limits.shared_file import SharedFile
from sealink.limits.slot import Slot, Spending, clear_leases
from sealink.policy.budgets import BudgetPeriod, Fund, nano_usd, period_start_s, reservation, short
from sealink.policy.limits import (
    Excess,
    Need,
    Remaining,
    UsageLimits,
    excess,
    least,
    longest,
    requests_left,
    tokens_left,
)

_S: Final = 10**9
_KINDS: Final[dict[BudgetPeriod, int]] = {"day": 1, "week": 2, "month": 3, "total": 4}


class Credit(NamedTuple):
    """What was paid into a balance, in nano-dollars, and when it was opened (Unix time in seconds)."""

    amount: int
    since_s: int


class Subject(NamedTuple):
    """A key, a team or a model that has limits. `name` says which (`key:dev`), for people too."""

    name: str
    limits: UsageLimits
    credit: Credit | None = None

    @property
    def period(self) -> BudgetPeriod:
        return self.limits.budget_period or "total"

    @property
    def has_funds(self) -> bool:
        """Whether it has a budget or a balance."""
        return self.limits.budget_usd is not None or self.credit is not None


class Cost(NamedTuple):
    """What a request may cost, in nano-dollars: its prompt, and its answer. One that `may_be_cut` is let in if there is
    enough for the prompt."""

    prompt: int = 0
    answer: int = 0
    may_be_cut: bool = False


class Lease(msgspec.Struct):
    """What an admitted request holds, until it is settled: under each subject its tokens, and a stream and money."""

    subjects: Sequence[Subject]
    slots: Sequence[Slot]
    at_ns: int
    started_s: float
    tokens: Sequence[int]
    streams: int
    reserved: int
    requests_left: Remaining | None = None
    tokens_left: Remaining | None = None


class Refusal(NamedTuple):
    """Why a request does not fit: a limit or a fund, and whose; and what is left of the limits."""

    subject: Subject
    reason: Excess | Fund
    requests_left: Remaining | None = None
    tokens_left: Remaining | None = None


class Counters:
    """The counters of this machine. Raises OSError or FileFull where the file cannot be used."""

    def __init__(self, path: Path, max_names: int) -> None:
        self._file = SharedFile(path, max_names)
        self._slots: dict[str, Slot] = {}
        self._known: dict[str, tuple[BudgetPeriod, int | None]] = {}
        clear_leases(self._file)

    def close(self) -> None:
        """Give the file back. What this process still holds is free from now on."""
        clear_leases(self._file)
        for slot in self._slots.values():
            slot.release()
        self._slots.clear()
        self._file.close()

    def unknown(self, subjects: Sequence[Subject]) -> list[Subject]:
        """Those whose spending is not counted here yet: it has to be read from the ledger, and given to `spent`."""
        return [subject for subject in subjects if subject.has_funds and not self._is_known(subject)]

    def spent(self, subject: Subject, in_period: int, of_balance: int, now_s: float) -> None:
        """What a subject has spent by the ledger, at least: it is ahead of the counter where that was lost, or where
        a process was killed before it has counted; else the counter is ahead."""
        slot = self._slot(subject)
        with self._file.locked((slot.at,)):
            slot.open(self._file.now_ns())
            spending = _in_period(slot.spending, subject, now_s)
            kind = _KINDS[subject.period]
            if spending.kind != kind:
                spending = Spending(kind, period_start_s(subject.period, now_s), 0, 0, 0)
            spending.spent = max(spending.spent, in_period)
            if subject.credit is not None:
                if spending.balance_since_s != subject.credit.since_s:
                    spending.balance_since_s, spending.balance_spent = subject.credit.since_s, 0
                spending.balance_spent = max(spending.balance_spent, of_balance)
            slot.spending = spending
            slot.save()

    def admit(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Lease | Refusal:
        """A request begins, if it fits."""
        slots = [self._slot(subject) for subject in subjects]
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            for slot in slots:
                slot.open(now_ns)
            held = [*zip(subjects, slots, strict=True)]
            refusal = self._refusal(held, need, cost, now_ns, now_s)
            if refusal is not None:
                return refusal
            tokens = [need.tokens(subject.limits.tokens_per_minute or 0) for subject in subjects]
            funds = _all_funds(held, now_s)
            reserved = reservation(funds, cost.prompt + cost.answer) if funds else 0
            for (subject, slot), each in zip(held, tokens, strict=True):
                _count(subject, slot, each, now_ns)
                slot.lease(need.streams, reserved)
                slot.save()
            left = _left(held, now_ns)
        return Lease(subjects, slots, now_ns, now_s, tokens, need.streams, reserved, *left)

    def used(self, subject: Subject) -> dict[str, int]:
        """What is counted under its limits now, by their names."""
        slot = self._slot(subject)
        with self._file.locked((slot.at,)):
            slot.open(self._file.now_ns())
            requests, tokens, of_day, streams = slot.used
        return {
            "requests_per_minute": requests.total,
            "tokens_per_minute": tokens.total,
            "requests_per_day": of_day.total,
            "concurrent_streams": streams,
        }

    def reserve_more(self, lease: Lease, wanted: int, now_s: float) -> int:
        """Reserve more money for an open request. Returns how much more it may spend: less than wanted, where there is
        not so much."""
        with self._file.locked(sorted({slot.at for slot in lease.slots})):
            now_ns = self._file.now_ns()
            for slot in lease.slots:
                slot.open(now_ns)
            held = [*zip(lease.subjects, lease.slots, strict=True)]
            granted = reservation(_all_funds(held, now_s), wanted)
            if granted < wanted and _free_dead(lease.slots):
                granted = reservation(_all_funds(held, now_s), wanted)
            for slot in lease.slots:
                slot.lease(0, granted)
        lease.reserved += granted
        return granted

    def settle(self, lease: Lease, tokens: int, price: int) -> None:
        """A request has ended, and has used so much. What it held goes back."""
        with self._file.locked(sorted({slot.at for slot in lease.slots})):
            now_ns = self._file.now_ns()
            for subject, slot, reserved in zip(lease.subjects, lease.slots, lease.tokens, strict=True):
                slot.open(now_ns)
                if subject.limits.tokens_per_minute is not None:
                    _settle_tokens(slot, reserved, tokens, lease.at_ns, now_ns)
                _spend(subject, slot, price, lease.started_s)
                slot.save()
                slot.lease(-lease.streams, -lease.reserved)

    def undo(self, lease: Lease) -> None:
        """An admitted request does not begin after all."""
        with self._file.locked(sorted({slot.at for slot in lease.slots})):
            now_ns = self._file.now_ns()
            for slot, tokens in zip(lease.slots, lease.tokens, strict=True):
                slot.open(now_ns)
                for window, amount in zip(slot.windows, (1, tokens, 1), strict=True):
                    window.take_back(amount, lease.at_ns)
                slot.save()
                slot.lease(-lease.streams, -lease.reserved)

    def _slot(self, subject: Subject) -> Slot:
        slot = self._slots.get(subject.name)
        if slot is None:
            slot = self._slots[subject.name] = Slot(self._file, subject.name)
        return slot

    def _is_known(self, subject: Subject) -> bool:
        period, since_s = subject.period, subject.credit and subject.credit.since_s
        if self._known.get(subject.name) == (period, since_s):
            return True
        slot = self._slot(subject)
        with self._file.locked((slot.at,)):
            slot.open(self._file.now_ns())
        spending = slot.spending
        if spending.kind != _KINDS[period] or spending.balance_since_s != (since_s or spending.balance_since_s):
            return False
        self._known[subject.name] = period, since_s
        return True

    def _refusal(
        self, held: list[tuple[Subject, Slot]], need: Need, cost: Cost, now_ns: int, now_s: float
    ) -> Refusal | None:
        """What dead processes hold is given back before it keeps anybody out."""
        refusal = _refusal(held, need, cost, now_ns, now_s)
        if refusal is not None and _free_dead([slot for _, slot in held]):
            refusal = _refusal(held, need, cost, now_ns, now_s)
        return refusal


def _refusal(held: list[tuple[Subject, Slot]], need: Need, cost: Cost, now_ns: int, now_s: float) -> Refusal | None:
    found = {}
    for subject, slot in held:
        exceeded = excess(subject.limits, slot.used, need, now_ns)
        if exceeded is not None:
            found[exceeded] = subject
    if (worst := longest(found)) is not None:
        return Refusal(found[worst], worst, *_left(held, now_ns))
    needed = cost.prompt if cost.may_be_cut else cost.prompt + cost.answer
    for subject, slot in held:
        lacking = short(_funds(subject, slot, now_s), needed)
        if lacking is not None:
            return Refusal(subject, lacking)
    return None


def _free_dead(slots: Sequence[Slot]) -> bool:
    """In all of them. Whether there was anything to be freed."""
    return True in [slot.free_dead() for slot in slots]


def _left(held: list[tuple[Subject, Slot]], now_ns: int) -> tuple[Remaining | None, Remaining | None]:
    requests = least([requests_left(subject.limits, slot.used, now_ns) for subject, slot in held])
    return requests, least([tokens_left(subject.limits, slot.used, now_ns) for subject, slot in held])


def _count(subject: Subject, slot: Slot, tokens: int, now_ns: int) -> None:
    limits, (requests, of_tokens, of_day) = subject.limits, slot.windows
    if limits.requests_per_minute is not None:
        requests.add(1, now_ns)
    if limits.tokens_per_minute is not None:
        of_tokens.add(tokens, now_ns)
    if limits.requests_per_day is not None:
        of_day.add(1, now_ns)


def _settle_tokens(slot: Slot, reserved: int, used: int, at_ns: int, now_ns: int) -> None:
    _, tokens, _ = slot.windows
    if used < reserved:
        tokens.take_back(reserved - used, at_ns)
    elif used > reserved:
        tokens.add(used - reserved, now_ns)


def _spend(subject: Subject, slot: Slot, price: int, started_s: float) -> None:
    """What is spent counts for the period in which the request began."""
    if not subject.has_funds:
        return
    spending = slot.spending = _in_period(slot.spending, subject, started_s)
    if started_s >= spending.period_start_s:
        spending.spent += price
    if started_s >= spending.balance_since_s:
        spending.balance_spent += price


def _all_funds(held: list[tuple[Subject, Slot]], now_s: float) -> list[Fund]:
    return [fund for subject, slot in held for fund in _funds(subject, slot, now_s)]


def _funds(subject: Subject, slot: Slot, now_s: float) -> list[Fund]:
    if not subject.has_funds:
        return []
    spending = slot.spending = _in_period(slot.spending, subject, now_s)
    funds, reserved = [], slot.reserved
    if subject.limits.budget_usd is not None:
        funds.append(Fund("budget_exceeded", nano_usd(subject.limits.budget_usd), spending.spent, reserved))
    if subject.credit is not None:
        funds.append(Fund("insufficient_balance", subject.credit.amount, spending.balance_spent, reserved))
    return funds


def _in_period(spending: Spending, subject: Subject, now_s: float) -> Spending:
    """The spending in the period that a time is in: when a new one begins, nothing of it is spent."""
    start = period_start_s(subject.period, now_s)
    if spending.kind == _KINDS[subject.period] and start > spending.period_start_s:
        spending.period_start_s, spending.spent = start, 0
    return spending
