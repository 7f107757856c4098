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
from sealink.limits.plain_slots import MOST_SUBJECTS, Asked, LaidOut, PlainLease, Prices, Terms
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
        if plain_slots.is_used and isinstance(subjects, Subjects):
            found = self.admit_plain(subjects, need, cost, now_s, is_counted=True)
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
        if plain_slots.is_used and isinstance(subjects, Subjects):
            found = self.admit_plain(subjects, need, cost, now_s)
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
        number, warn_at_percent, cut = settled
        plain = lease if cut is None and isinstance(lease, PlainLease) else None
        if plain is not None and self.settle_plain(plain, tokens, price, number, warn_at_percent):
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
                    slot.settle(number)
                    alerts += alerts_of(subject, slot, warn_at_percent, lease.started_s, cut=cut)
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

    def admit_plain(
        self,
        subjects: Subjects,
        need: Asked,
        cost: Cost | Prices,
        now_s: float,
        laid_out: LaidOut | None = None,
        *,
        is_counted: bool = False,
    ) -> PlainLease | Literal[False] | None:
        """As `admit` or `admit_uncounted`, in C. None: it cannot be decided there. False: the tokens have to be
        counted. `laid_out`: the headers that tell what is left, if they are of these limits."""
        terms, file = subjects.plain_terms, self._file
        if terms is None or terms.owner is not file or not terms.since_s <= now_s < terms.until_s:
            terms = self._make_terms(subjects, now_s, UNNAMED.warn_at_percent)
            if terms is None:
                return None
        clock = file.clock  # which CPython 3.11 has a shortcut for, unlike for file.clock()
        return plain_slots.admit(
            PlainLease, subjects, now_s, terms, file.map, terms.packed, clock(), need, cost, is_counted, laid_out
        )

    def settle_plain(
        self, lease: PlainLease, tokens: int, price: int, request: str | int, warn_at_percent: float
    ) -> bool:
        """As `settle`, in C. Whether that was possible. `request`: its id, or its number."""
        terms, file = lease.terms, self._file
        if terms is None or terms.warn_at_percent != warn_at_percent or terms.owner is not file:
            terms = self._make_terms(lease.subjects, lease.started_s, warn_at_percent)
            if terms is None:
                return False
        clock = file.clock
        done = plain_slots.settle(
            file.map, terms.packed, clock(), lease.at_ns, lease.started_s, lease.streams, lease.reserved,
            tokens, price, request, lease.tokens,
        )  # fmt: skip
        return done is True

    def _make_terms(self, subjects: Sequence[Subject], at_s: float, warn_at_percent: float) -> Terms | None:
        """None: these subjects are not for C."""
        slots = [self._slot(subject).at for subject in subjects]
        if not 0 < len(set(slots)) == len(slots) <= MOST_SUBJECTS or not plain_slots.can_count(subjects):
            return None
        terms = Terms(self._file, subjects, slots, at_s, warn_at_percent)
        if isinstance(subjects, Subjects):
            subjects.plain_terms = terms
        return terms

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
