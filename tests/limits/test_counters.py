"""Counters in a file that several processes share, and that outlives them."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hammer
import pytest

from sealink.limits import shared_file
from sealink.limits.counters import Counters
from sealink.limits.shared_file import FileFull, SharedFile
from sealink.limits.subjects import Cost, Credit, Lease, Recorded, Refusal, Subject
from sealink.policy.budgets import Fund
from sealink.policy.limits import DAY_NS, MINUTE_NS, Excess, Need, UsageLimits

USD = 10**9
NOW = 1_700_000_000.0
STREAM = Need(10, 90, is_stated=True, streams=1)
FREE = Cost()
WHOLE = Need(10, 90, is_stated=True, streams=0)

KEY = Subject("key:dev", UsageLimits(requests_per_minute=3, tokens_per_minute=250, concurrent_streams=2))
TEAM = Subject("team:research", UsageLimits(requests_per_minute=4, requests_per_day=5))
OTHER = Subject("key:other", UsageLimits())


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[Counters]:
    counters = Counters(tmp_path / "counters", 8)
    yield counters
    counters.close()


@pytest.fixture
def clock(counters: Counters, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the counters' clock forward."""
    now = 20_000 * DAY_NS

    def advance(by_ns: int) -> None:
        nonlocal now
        now += by_ns

    file = counters._file
    monkeypatch.setattr(file, "clock", lambda: now - file.clock_began_ns)
    return advance


def admitted(counters: Counters, *subjects: Subject, need: Need = WHOLE, cost: Cost = FREE) -> Lease:
    lease = counters.admit(subjects, need, cost, NOW)
    assert isinstance(lease, Lease), lease
    return lease


def refused(counters: Counters, *subjects: Subject, need: Need = WHOLE, cost: Cost = FREE) -> Refusal:
    refusal = counters.admit(subjects, need, cost, NOW)
    assert isinstance(refusal, Refusal)
    return refusal


def test_limits_of_key_and_team_apply_together(counters: Counters, clock: Callable[[int], None]) -> None:
    small = Need(1, 1, is_stated=True, streams=0)
    for _ in range(3):
        admitted(counters, KEY, TEAM, need=small)
    assert refused(counters, KEY, TEAM, need=small)[:2] == (KEY, Excess("requests", 3, MINUTE_NS))
    lease = admitted(counters, OTHER, TEAM, need=small)
    assert lease.requests_left is not None
    assert lease.requests_left[:2] == (4, 0)
    assert refused(counters, OTHER, TEAM, need=small)[:2] == (TEAM, Excess("requests", 4, MINUTE_NS))
    clock(MINUTE_NS)
    admitted(counters, KEY, TEAM, need=small)
    assert refused(counters, KEY, TEAM)[:2] == (TEAM, Excess("requests_per_day", 5, DAY_NS))


@pytest.mark.usefixtures("clock")
def test_a_refused_request_counts_nowhere(counters: Counters) -> None:
    for _ in range(4):
        admitted(counters, TEAM)
    before = [admitted(counters, KEY).tokens_left, refused(counters, KEY, TEAM), refused(counters, KEY, TEAM)]
    assert before[1] == before[2]
    left = admitted(counters, KEY).tokens_left
    assert left is not None
    assert left.left == 50


def test_tokens_are_settled_to_what_was_used(counters: Counters) -> None:
    first, second = admitted(counters, KEY), admitted(counters, KEY)
    assert isinstance(refused(counters, KEY).reason, Excess)
    counters.settle(first, 30, 0)
    third = admitted(counters, KEY)
    assert third.tokens_left is not None
    assert third.tokens_left[1] == 250 - 30 - 200
    counters.settle(second, 120, 0)  # more than was reserved
    counters.settle(third, 0, 0)
    assert counters._slots[KEY.name].windows[1].total == 150


def test_streams_go_back_whatever_the_exit(counters: Counters) -> None:
    need = Need(1, 1, is_stated=True, streams=1)
    first, second = (admitted(counters, KEY, need=need) for _ in range(2))
    assert refused(counters, KEY, need=need).reason == Excess("concurrency", 2, 10**9)
    counters.undo(first)
    counters.settle(second, 2, 0)
    assert counters._slots[KEY.name].streams == 0
    assert counters._slots[KEY.name].windows[0].total == 1  # the one that has not begun does not count


BUDGET = Subject("key:b", UsageLimits(budget_usd=1.0, budget_period="day"))
BALANCE = Subject("key:c", UsageLimits(), Credit(2 * USD, int(NOW) - 100))


def test_a_budget_is_known_once_the_ledger_was_asked(counters: Counters) -> None:
    assert counters.unknown([KEY, BUDGET, BALANCE]) == [BUDGET, BALANCE]
    counters.recorded(BUDGET, Recorded(in_period=USD // 4, of_balance=0), NOW)
    counters.recorded(BALANCE, Recorded(in_period=0, of_balance=USD), NOW)
    assert counters.unknown([KEY, BUDGET, BALANCE]) == []
    monthly = BUDGET._replace(limits=UsageLimits(budget_usd=1.0, budget_period="month"))
    topped_up_anew = BALANCE._replace(credit=Credit(USD, int(NOW)))
    assert counters.unknown([monthly, topped_up_anew]) == [monthly, topped_up_anew]


def test_money_is_reserved_spent_and_given_back(counters: Counters) -> None:
    counters.recorded(BUDGET, Recorded(in_period=USD // 4, of_balance=0), NOW)
    half = Cost(USD // 4, USD // 4)
    lease = admitted(counters, BUDGET, cost=half)
    assert lease.reserved == USD // 2
    assert refused(counters, BUDGET, cost=half).reason == Fund("budget_exceeded", USD, USD // 4, USD // 2)
    stream = admitted(counters, BUDGET, cost=half._replace(may_be_cut=True))
    assert stream.reserved == USD // 4
    counters.settle(lease, 0, USD // 8)
    assert counters.reserve_more(stream, USD // 8, NOW) == USD // 8
    assert counters.reserve_more(stream, USD, NOW) == USD // 4
    counters.settle(stream, 0, 5 * USD // 8)
    assert refused(counters, BUDGET).reason == Fund("budget_exceeded", USD, USD, 0)
    tomorrow = counters.admit([BUDGET], WHOLE, half, NOW + 86_400)
    assert isinstance(tomorrow, Lease)
    tomorrow.started_s = NOW
    counters.settle(tomorrow, 0, USD)  # had begun yesterday
    assert isinstance(counters.admit([BUDGET], WHOLE, Cost(USD, 0), NOW + 86_400), Lease)


def test_the_ledger_only_ever_adds(counters: Counters) -> None:
    """Rows reach the store later than the counters; what was killed before it has counted has a row."""
    counters.recorded(BALANCE, Recorded(in_period=0, of_balance=0), NOW)
    counters.settle(admitted(counters, BALANCE, cost=Cost(USD, 0)), 0, USD)
    counters.recorded(BALANCE, Recorded(in_period=0, of_balance=USD // 2), NOW)
    assert counters._slots[BALANCE.name].spending.balance_spent == USD
    counters.recorded(BALANCE, Recorded(in_period=0, of_balance=2 * USD), NOW)
    assert refused(counters, BALANCE).reason == Fund("insufficient_balance", 2 * USD, 2 * USD, 0)


def test_counters_outlive_their_process(tmp_path: Path) -> None:
    first = Counters(tmp_path / "counters", 8)
    admitted(first, KEY, need=STREAM)
    first.close()
    second = Counters(tmp_path / "counters", 8)
    lease = admitted(second, KEY, need=STREAM)
    assert lease.requests_left is not None
    assert lease.requests_left[1] == 1
    assert second._slots[KEY.name].streams == 1
    second.close()


def test_a_change_that_was_not_finished_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one cell that puts a state in force is written last."""
    first = Counters(tmp_path / "counters", 8)
    admitted(first, KEY)
    slot = first._slots[KEY.name]
    cells, which = slot._cells, slot._cells[0]
    admitted(first, KEY)
    cells[0] = which  # as if it had been killed before
    first.close()
    second = Counters(tmp_path / "counters", 8)
    lease = admitted(second, KEY)
    assert lease.requests_left is not None
    assert lease.requests_left[1] == 1
    second.close()


def test_a_file_of_another_layout_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    path.write_bytes(b"another" * 1000)
    counters = Counters(path, 8)
    admitted(counters, KEY)
    counters.close()


def test_the_clock_goes_on_after_the_machine_was_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SharedFile(tmp_path / "counters", 8)
    before = file.now_ns()
    file.close()
    monkeypatch.setattr(shared_file, "_boot", lambda: 77)
    monkeypatch.setattr(time, "monotonic_ns", lambda: 5)
    file = SharedFile(tmp_path / "counters", 8)
    assert before <= file.now_ns() <= before + 600 * 10**9
    file.close()


def test_there_is_place_for_so_many_names(counters: Counters) -> None:
    for number in range(8):
        admitted(counters, Subject(f"key:{number}", UsageLimits()))
    with pytest.raises(FileFull, match="8 names"):
        counters.admit([Subject("key:more", UsageLimits())], WHOLE, Cost(), NOW)
    admitted(counters, Subject("key:7", UsageLimits()))


def test_the_file_takes_no_space_for_what_is_not_counted(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "counters", 16_384)
    admitted(counters, KEY)
    assert (tmp_path / "counters").stat().st_blocks * 512 < 1024 * 1024
    counters.close()


def hammering(path: Path, seconds: float, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, hammer.__file__, str(path), str(seconds), what]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_hammer_one_key_get_the_limit_and_not_one_more(tmp_path: Path) -> None:
    processes = [hammering(tmp_path / "counters", 2, "requests") for _ in range(4)]
    admitted = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(map(len, admitted)) == hammer.LIMIT


def test_what_a_killed_process_held_is_free_at_once(tmp_path: Path) -> None:
    holder = hammering(tmp_path / "counters", 0, "hold")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holds\n"
    counters = Counters(tmp_path / "counters", 64)
    cost = Cost(1000, 1000)
    for _ in range(2):
        admitted_now(counters, cost)
    assert isinstance(counters.admit([hammer.STREAMS], STREAM, cost, time.time()), Refusal)
    holder.kill()
    holder.communicate()
    admitted_now(counters, cost)
    assert counters._slots[hammer.STREAMS.name].reserved == 3 * 2000
    counters.close()


def admitted_now(counters: Counters, cost: Cost) -> None:
    assert isinstance(counters.admit([hammer.STREAMS], STREAM, cost, time.time()), Lease)


def test_the_number_of_a_killed_process_is_clean_for_the_next(tmp_path: Path) -> None:
    for _ in range(5):
        holder = hammering(tmp_path / "counters", 0, "hold")
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"  # three may be open at a time
        holder.kill()
        holder.communicate()


def test_kills_at_any_time_leave_counters_that_can_be_used(tmp_path: Path) -> None:
    path, choose = tmp_path / "counters", random.Random(11)
    for _ in range(12):
        process = hammering(path, 0, "churn")
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(choose.random() / 20)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    counters = Counters(path, 64)
    admitted_now(counters, Cost(1, 1))
    slot = counters._slots[hammer.STREAMS.name]
    slot.free_dead()
    assert (slot.streams, slot.reserved) == (1, 2)
    assert slot.spending.spent > 12
    counters.close()


@pytest.mark.serial
def test_what_admission_and_settlement_take(counters: Counters, report: Callable[[str], None], full: bool) -> None:
    wide = UsageLimits(requests_per_minute=10**9, tokens_per_minute=10**12, concurrent_streams=10**6)
    subjects = [Subject("key:wide", wide), Subject("team:wide", wide), Subject("model:wide", wide)]
    for count in (1, 3):
        took = []
        for _ in range(20_000 if full else 2_000):
            begin = time.perf_counter_ns()
            lease = counters.admit(subjects[:count], STREAM, Cost(), NOW)
            took.append(time.perf_counter_ns() - begin)
            assert isinstance(lease, Lease)
            begin = time.perf_counter_ns()
            counters.settle(lease, 50, 0)
            took.append(time.perf_counter_ns() - begin)
        took.sort()
        report(f"limits: {count} subjects, an admission or settlement takes {took[len(took) // 2] / 1000:.1f} µs")
        report(f"limits: {count} subjects, p99 {took[len(took) * 99 // 100] / 1000:.1f} µs")
