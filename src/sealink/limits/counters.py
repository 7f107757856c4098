"""Requests under limits: admitted if they fit into all that apply, and settled to what they have really used.

All that applies to a request (its key's limits, its team's, the model's) is decided and counted at once, while the
slots of all of them are locked.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sealink.limits import plain_slots
from sealink.limits.alerts import FundsAlert, alerts_of
from sealink.limits.decision import KINDS, Spending, all_funds, in_period, is_little, left_of_limits, refusal_of
from sealink.limits.plain_slots import MOST_SUBJECTS, Terms
from sealink.limits.shared_file import SharedFile
from sealink.limits.slot import Slot, clear_leases, forget_spending
from sealink.limits.standing import by_name
from sealink.limits.subjects import UNNAMED, Cost, Lease, Recorded, Refusal, Settled, Subject, Subjects
from sealink.policy.budgets import BudgetPeriod, least_left, period_start_s, reservation
from sealink.policy.limits import Need


class Counters:
    """The counters of this machine. Raises OSError or FileFull where the file cannot be used."""

    ahead_tokens = 0
    """How long before it is needed more money is to be asked for: here it is there at once."""

    def __init__(self, path: Path, max_names: int, journal: str = "") -> None:
        """`journal`: the name of the journal of the ledger that this process writes, if it does."""
        self._file = SharedFile(path, max_names, journal)
        self._slots: dict[str, Slot] = {}
        self._known: dict[str, tuple[BudgetPeriod, int | None]] = {}
        clear_leases(self._file, self._file.process)
        if self._file.rebooted:
            forget_spending(self._file)

    def close(self) -> None:
        """Give the file back. What this process still holds is free from now on."""
        clear_leases(self._file, self._file.process)
        for slot in self._slots.values():
            slot.release()
        self._slots.clear()
        self._file.close()

    def unknown(self, subjects: Sequence[Subject]) -> list[Subject]:
        """Those whose spending is not counted here yet: it has to be read from the ledger, and given to `spent`."""
        if isinstance(subjects, Subjects) and subjects.known_to is self:
            return []
        unknown = [subject for subject in subjects if subject.has_funds and not self._is_known(subject)]
        if isinstance(subjects, Subjects) and not unknown:
            subjects.known_to = self
        return unknown

    def recorded(self, subject: Subject, used: Recorded, now_s: float) -> None:
        """What a subject has used by the ledger, at least: it is ahead of the counter where that was lost, or where
        a process was killed before it has counted; else the counter is ahead."""
        slot = self._slot(subject)
        with self._file.locked((slot.at,)):
            now_ns = self._file.now_ns()
            slot.open(now_ns)
            for window, amount in zip(slot.windows, used[:3], strict=True):
                if amount > window.total:
                    window.add(amount - window.total, now_ns)
            if subject.has_funds:
                slot.spending = _at_least(slot.spending, subject, used, now_s)
                slot.is_read_from_ledger()
            slot.save()

    def admit(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Lease | Refusal:
        """A request begins, if it fits."""
        found = self._admit_plain(subjects, need, cost, now_s)
        if found:
            return found
        slots = [self._slot(subject) for subject in subjects]
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            held = _read(subjects, slots, now_ns)
            refusal = self._refusal(held, need, cost, now_ns, now_s)
            return refusal or _let_in(subjects, held, need, cost, now_ns, now_s)

    def admit_uncounted(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Lease | None:
        """As `admit`, where a prompt has so many tokens at most. None: they have to be counted, since what the request
        takes may be more than little of what is left."""
        found = self._admit_plain(subjects, need, cost, now_s, is_counted=False)
        if found is not None:
            return found or None
        slots = [self._slot(subject) for subject in subjects]
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            held = _read(subjects, slots, now_ns)
            if self._refusal(held, need, cost, now_ns, now_s) or not is_little(held, need, cost, now_s):
                return None
            return _let_in(subjects, held, need, cost, now_ns, now_s)

    def look(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Refusal | None:
        """Why a request does not fit now; None: it does. Nothing is counted."""
        slots = [self._slot(subject) for subject in subjects]
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            return self._refusal(_read(subjects, slots, now_ns), need, cost, now_ns, now_s)

    def hold(self, subjects: Sequence[Subject], streams: int, reserved: int, started_s: float) -> Lease:
        """A request that was admitted elsewhere goes on: from now on it holds so much here."""
        slots = [self._slot(subject) for subject in subjects]
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            for slot in slots:
                slot.lease(streams, reserved)
        return Lease(subjects, now_ns, started_s, [0] * len(slots), streams, reserved)

    def used(self, subject: Subject) -> dict[str, int]:
        """What is counted under its limits now, by their names."""
        slot = self._slot(subject)
        with self._file.locked((slot.at,)):
            slot.open(self._file.now_ns())
            return by_name(slot.used)

    def reserve_more(self, lease: Lease, wanted: int, now_s: float) -> int:
        """Reserve more money for an open request. Returns how much more it may spend: less than wanted, where there is
        not so much."""
        slots = self._slots_of(lease)
        with self._file.locked(sorted({slot.at for slot in slots})):
            held = _read(lease.subjects, slots, self._file.now_ns())
            granted = reservation(all_funds(held, now_s), wanted)
            if granted < wanted and _free_dead(slots):
                granted = reservation(all_funds(held, now_s), wanted)
            for slot in slots:
                slot.lease(0, granted)
        lease.reserved += granted
        return granted

    reserve_spent = reserve_more
    """For money that the request has spent already."""

    def settle(self, lease: Lease, tokens: int, price: int, settled: Settled = UNNAMED) -> list[FundsAlert]:
        """A request has ended, and has used so much. What it held goes back. Returns what is to be told of budgets and
        balances."""
        if settled.cut is None and self._settle_plain(lease, tokens, price, settled):
            return []
        slots, alerts = self._slots_of(lease), list[FundsAlert]()
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            for subject, slot, reserved in zip(lease.subjects, slots, lease.tokens, strict=True):
                slot.open(now_ns)
                if subject.limits.tokens_per_minute is not None:
                    _settle_tokens(slot, reserved, tokens, lease.at_ns, now_ns)
                if subject.has_funds:
                    _spend(subject, slot, price, lease.started_s)
                    slot.settle(settled.number)
                    alerts += alerts_of(subject, slot, settled.warn_at_percent, lease.started_s, cut=settled.cut)
                slot.save()
                slot.lease(-lease.streams, -lease.reserved)
        return alerts

    def recover(
        self, journal: str, subjects: Sequence[Subject], price: int, settled: Settled, started_s: float
    ) -> None:
        """A process has died that wrote this journal. If the last thing that it wrote down is the settlement of a
        request, of these subjects, it may have been killed before it could count that: that is made up for."""
        process = self._file.writer_of(journal)
        if process is None:
            return
        for subject in subjects:
            slot = self._slot(subject)
            with self._file.locked((slot.at,)):
                slot.open(self._file.now_ns())
                is_known = slot.spending.kind == KINDS[subject.period]
                if subject.has_funds and is_known and not slot.has_settled(process, settled.number):
                    _spend(subject, slot, price, started_s)
                    slot.settle(settled.number, process)
                    slot.save()
        clear_leases(self._file, process)
        self._file.is_recovered(process)

    def undo(self, lease: Lease) -> None:
        """An admitted request does not begin after all."""
        slots = self._slots_of(lease)
        with self._file.locked(sorted({slot.at for slot in slots})):
            now_ns = self._file.now_ns()
            for slot, tokens in zip(slots, lease.tokens, strict=True):
                slot.open(now_ns)
                for window, amount in zip(slot.windows, (1, tokens, 1), strict=True):
                    window.take_back(amount, lease.at_ns)
                slot.save()
                slot.lease(-lease.streams, -lease.reserved)

    def _terms(self, subjects: Sequence[Subject], at_s: float, warn_at_percent: float | None = None) -> Terms | None:
        """What C asks of the subjects' slots for a request that begins then; None: they are not for C. None as
        `warn_at_percent`: it does not matter."""
        if not plain_slots.is_used or not isinstance(subjects, Subjects):
            return None
        terms = subjects.terms
        if (
            not isinstance(terms, Terms)
            or terms.owner is not self._file
            or not terms.since_s <= at_s < terms.until_s
            or warn_at_percent not in (None, terms.warn_at_percent)
        ):
            terms = self._make_terms(subjects, at_s, warn_at_percent)
        return terms

    def _make_terms(self, subjects: Subjects, at_s: float, warn_at_percent: float | None) -> Terms | None:
        slots = [self._slot(subject).at for subject in subjects]
        if not 0 < len(set(slots)) == len(slots) <= MOST_SUBJECTS or not plain_slots.can_count(subjects):
            return None
        percent = UNNAMED.warn_at_percent if warn_at_percent is None else warn_at_percent
        subjects.terms = terms = Terms(self._file, subjects, slots, at_s, percent)
        return terms

    def _admit_plain(
        self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float, *, is_counted: bool = True
    ) -> Lease | Literal[False] | None:
        """None: it is not for C to decide."""
        terms = self._terms(subjects, now_s)
        if terms is None:
            return None
        file = self._file
        now_ns = file.now_ns()
        found = plain_slots.admit(file.map, terms.packed, now_ns, need, cost, is_counted)
        if not found:
            return found
        reserved, funds_left, requests_left, tokens_left, held = found
        return Lease(subjects, now_ns, now_s, held, need.streams, reserved, requests_left, tokens_left, funds_left)

    def _settle_plain(self, lease: Lease, tokens: int, price: int, settled: Settled) -> bool:
        terms = self._terms(lease.subjects, lease.started_s, settled.warn_at_percent)
        if terms is None:
            return False
        file, held, started_s = self._file, tuple(lease.tokens), int(lease.started_s)
        times, holds = (file.now_ns(), lease.at_ns, started_s), (lease.streams, lease.reserved)
        return bool(plain_slots.settle(file.map, terms.packed, *times, *holds, tokens, price, settled.number, held))

    def _slots_of(self, lease: Lease) -> list[Slot]:
        return [self._slot(subject) for subject in lease.subjects]

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
        if spending.kind != KINDS[period] or spending.balance_since_s != (since_s or spending.balance_since_s):
            return False
        self._known[subject.name] = period, since_s
        return True

    def _refusal(
        self, held: list[tuple[Subject, Slot]], need: Need, cost: Cost, now_ns: int, now_s: float
    ) -> Refusal | None:
        """What dead processes hold is given back before it keeps anybody out."""
        refusal = refusal_of(held, need, cost, now_ns, now_s)
        if refusal is not None and _free_dead([slot for _, slot in held]):
            refusal = refusal_of(held, need, cost, now_ns, now_s)
        return refusal


def _read(subjects: Sequence[Subject], slots: list[Slot], now_ns: int) -> list[tuple[Subject, Slot]]:
    """The slots of subjects as they are now, while they are locked."""
    for slot in slots:
        slot.open(now_ns)
    return [*zip(subjects, slots, strict=True)]


def _let_in(
    subjects: Sequence[Subject], held: list[tuple[Subject, Slot]], need: Need, cost: Cost, now_ns: int, now_s: float
) -> Lease:
    """A request that fits is counted."""
    tokens = [need.tokens(subject.limits.tokens_per_minute or 0) for subject in subjects]
    funds = all_funds(held, now_s)
    reserved = reservation(funds, cost.prompt + cost.answer, cost.spare) if funds else 0
    for (subject, slot), each in zip(held, tokens, strict=True):
        _count(subject, slot, each, now_ns)
        slot.lease(need.streams, reserved)
        slot.save()
    left = left_of_limits(held, now_ns)
    return Lease(subjects, now_ns, now_s, tokens, need.streams, reserved, *left, least_left(funds) - reserved)


def _free_dead(slots: Sequence[Slot]) -> bool:
    """In all of them. Whether there was anything to be freed."""
    return True in [slot.free_dead() for slot in slots]


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


def _at_least(spending: Spending, subject: Subject, used: Recorded, now_s: float) -> Spending:
    spending = in_period(spending, subject, now_s)
    kind = KINDS[subject.period]
    if spending.kind != kind:
        spending = Spending(kind, period_start_s(subject.period, now_s), 0, 0, 0)
    spending.spent = max(spending.spent, used.in_period)
    if subject.credit is not None:
        if spending.balance_since_s != subject.credit.since_s:
            spending.balance_since_s, spending.balance_spent = subject.credit.since_s, 0
        spending.balance_spent = max(spending.balance_spent, used.of_balance)
    return spending


def _spend(subject: Subject, slot: Slot, price: int, started_s: float) -> None:
    """What is spent counts for the period in which the request began."""
    spending = slot.spending = in_period(slot.spending, subject, started_s)
    if started_s >= spending.period_start_s:
        spending.spent += price
    if started_s >= spending.balance_since_s:
        spending.balance_spent += price
