"""What was spent is what the ledger says, wherever a process was killed between writing a settlement down and counting
it; and people are told of budgets once."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sealink.limits import shared_file
from sealink.limits.counters import Counters
from sealink.limits.shared_file import number_of
from sealink.limits.subjects import Cost, Credit, Lease, Recorded, Settled, Subject
from sealink.policy.limits import Need, UsageLimits

NOW = 1_700_000_000.0
KEY = Subject("key:dev", UsageLimits(budget_usd=1.0), Credit(2 * 10**9, 1))
TEAM = Subject("team:research", UsageLimits(budget_usd=1.0, budget_period="day"))
WHOLE = Need(1, 1, is_stated=True, streams=0)
COST = Cost(100, 100)


class Node:
    """A process: what it writes down, and what it counts."""

    def __init__(self, path: Path, journal: str) -> None:
        self.journal = journal
        self.counters = Counters(path, 8, journal)
        self.last: tuple[int, int] | None = None

    def admit(self) -> Lease:
        lease = self.counters.admit([KEY, TEAM], WHOLE, COST, NOW)
        assert isinstance(lease, Lease)
        self.last = None  # an admission is the last entry of the journal
        return lease

    def write_down(self, name: str, price: int) -> None:
        self.last = number_of(name), price

    def kill(self) -> None:
        """Its locks are free, its cells stay as they are."""
        for slot in self.counters._slots.values():
            slot.release()
        file = self.counters._file
        file.cells.release()
        file.map.close()
        os.close(file.fd)


def recover(survivor: Counters, dead: Node) -> None:
    number, price = dead.last or (0, 0)
    subjects = [KEY, TEAM] if dead.last else []
    survivor.recover(dead.journal, subjects, price, Settled(number), NOW)


def spent(counters: Counters) -> list[int]:
    found = []
    for subject in (KEY, TEAM):
        slot = counters._slot(subject)
        with counters._file.locked((slot.at,)):
            slot.open(counters._file.now_ns())
        found.append(slot.spending.spent)
    assert found[0] == counters._slot(KEY).spending.balance_spent
    return found


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "counters", "living")
    for subject in (KEY, TEAM):
        node.counters.recorded(subject, Recorded(in_period=0, of_balance=0), NOW)
    yield node
    node.counters.close()


@pytest.mark.parametrize("killed", ["before the settlement", "before counting", "between two slots", "after counting"])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_the_last_settlement_of_a_killed_process_counts_once(
    node: Node, tmp_path: Path, killed: str, meanwhile: bool
) -> None:
    dying = Node(tmp_path / "counters", "dying")
    for number in range(3):
        lease = dying.admit()
        dying.write_down(f"req_{number}", 10)
        dying.counters.settle(lease, 0, 10, Settled(number_of(f"req_{number}")))
    lease = dying.admit()
    expected = 30
    if killed != "before the settlement":
        dying.write_down("req_last", 7)
        expected += 7
    if killed == "after counting":
        dying.counters.settle(lease, 0, 7, Settled(number_of("req_last")))
    if killed == "between two slots":
        half = Lease([KEY], lease.at_ns, NOW, lease.tokens[:1], 0, lease.reserved)
        dying.counters.settle(half, 0, 7, Settled(number_of("req_last")))
    dying.kill()
    if meanwhile:  # another process counts before it is found that this one is dead
        node.counters.settle(node.admit(), 0, 1000, Settled(number_of("req_other")))
        expected += 1000
    for _ in range(2):  # a recovery that is interrupted is made again
        recover(node.counters, dying)
        assert spent(node.counters) == [expected, expected]
    assert node.counters._slots[KEY.name].reserved == 0


def test_a_number_is_not_used_again_before_its_process_is_recovered(node: Node, tmp_path: Path) -> None:
    dying = Node(tmp_path / "counters", "dying")
    dying.admit()
    dying.write_down("req_last", 7)
    number = dying.counters._file.process
    dying.kill()
    next_one = Node(tmp_path / "counters", "next")
    assert next_one.counters._file.process not in (number, node.counters._file.process)
    next_one.counters.settle(next_one.admit(), 0, 5, Settled(number_of("req_next")))
    recover(next_one.counters, dying)
    assert spent(node.counters) == [12, 12]
    next_one.counters.close()
    again = Node(tmp_path / "counters", "again")
    assert again.counters._file.process == number
    again.counters.close()


def test_what_was_read_from_the_ledger_is_not_counted_again(node: Node, tmp_path: Path) -> None:
    dying = Node(tmp_path / "counters", "dying")
    dying.admit()
    dying.write_down("req_last", 7)
    dying.kill()
    monthly = KEY._replace(limits=UsageLimits(budget_usd=1.0, budget_period="month"))
    node.counters.recorded(monthly, Recorded(in_period=7, of_balance=7), NOW)
    node.counters.recover("dying", [monthly], 7, Settled(number_of("req_last")), NOW)
    assert node.counters._slots[KEY.name].spending.spent == 7


def test_after_a_reboot_spending_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in memory only when the power went is of any time before."""
    first = Counters(tmp_path / "counters", 8, "first")
    first.recorded(KEY, Recorded(in_period=5, of_balance=5), NOW)
    assert first.unknown([KEY]) == []
    first.close()
    monkeypatch.setattr(shared_file, "_boot", lambda: 77)
    second = Counters(tmp_path / "counters", 8, "second")
    assert second.unknown([KEY]) == [KEY]
    second.close()


Told = list[tuple[str, str]]


def settle(counters: Counters, price: int, cut: Literal["budget_exceeded"] | None = None, at: float = NOW) -> Told:
    lease = counters.admit([TEAM], WHOLE, Cost(), at)
    assert isinstance(lease, Lease)
    alerts = counters.settle(lease, 0, price, Settled(1, 80.0, cut))
    return [(alert.event, alert.subject) for alert in alerts]


def test_people_are_told_once(node: Node) -> None:
    """At the part that is set, and at the end; in each period anew."""
    counters, name, usd = node.counters, TEAM.name, 10**9
    assert settle(counters, usd // 2) == []
    assert settle(counters, usd * 3 // 10) == [("budget.warning", name)]
    assert settle(counters, usd // 100) == []
    assert settle(counters, usd // 100, cut="budget_exceeded") == [("budget.exhausted", name)]
    tomorrow = NOW + 86_400
    assert settle(counters, usd - 1, at=tomorrow) == [("budget.warning", name)]
    assert settle(counters, usd, at=tomorrow) == [("budget.exhausted", name)]


def test_a_balance_that_is_topped_up_may_become_low_again(node: Node) -> None:
    told = []
    for paid_usd, price_usd in ((2, 1.9), (4, 0.0), (4, 1.5), (4, 0.7)):
        subject = Subject("key:paying", UsageLimits(), Credit(paid_usd * 10**9, 1))
        if node.counters.unknown([subject]):
            node.counters.recorded(subject, Recorded(in_period=0, of_balance=0), NOW)
        lease = node.counters.admit([subject], WHOLE, Cost(), NOW)
        assert isinstance(lease, Lease)
        told += node.counters.settle(lease, 0, int(price_usd * 10**9), Settled(1, 80.0))
    assert [alert.event for alert in told] == ["balance.low", "balance.low", "balance.exhausted"]
