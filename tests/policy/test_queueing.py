"""Lines for limits: within a key it is first come, first served, keys take turns; and who gives way."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.policy.limits import DAY_NS, Code, Excess
from sealink.policy.queueing import FairLine, Place, gives_way, look_again_s, may_wait

S = 10**9


def served(line: FairLine) -> Place:
    """The first is let in."""
    place = line.first
    assert place is not None
    line.leave(place)
    line.has_had_turn(place.key)
    return place


def test_a_key_with_many_requests_holds_nobody_up_by_more_than_one_at_a_time() -> None:
    line = FairLine()
    for number in range(1000):
        line.join(Place("many", number))
    line.join(Place("few", 1000))
    line.join(Place("few", 1001))
    assert [served(line).key for _ in range(6)] == ["many", "few", "many", "few", "many", "many"]


def test_who_comes_from_another_line_is_before_those_of_its_key_that_came_later() -> None:
    line = FairLine()
    for number in (5, 7, 3):
        line.join(Place("a", number))
    assert [served(line).number for _ in range(3)] == [3, 5, 7]
    assert line.first is None
    assert len(line) == 0


STEPS = st.lists(st.tuples(st.sampled_from(["join", "join", "serve", "leave"]), st.integers(0, 4)), max_size=80)


@given(steps=STEPS)
def test_no_key_is_served_twice_before_another_that_waits_is_served_once(steps: list[tuple[str, int]]) -> None:
    line, numbers = FairLine(), count()
    waiting: dict[Place, tuple[int, Counter[str]]] = {}  # how many of its key came before, and who was served since
    for what, which in steps:
        if what == "join":
            place = Place("abcde"[which], next(numbers))
            waiting[place] = sum(other.key == place.key for other in waiting), Counter()
            line.join(place)
        elif waiting and what == "leave":
            place = list(waiting)[which % len(waiting)]
            del waiting[place]
            line.leave(place)
        elif waiting:
            place = served(line)
            assert place.number == min(other.number for other in waiting if other.key == place.key)
            del waiting[place]
            for ahead, since in waiting.values():
                since[place.key] += 1
                assert since[place.key] <= ahead + 1
        assert len(line) == len(waiting)
        assert (line.first is None) == (not waiting)


@pytest.mark.parametrize(
    ("code", "wait_ns", "left_s", "may"),
    [
        ("requests", 2 * S, 2.0, True),
        ("requests", 2 * S + 1, 2.0, False),
        ("requests_per_day", DAY_NS, 60.0, False),
        ("tokens", 59 * S, 1.0, True),  # a request that ends gives back what it has not used
        ("concurrency", S, 0.1, True),
        ("concurrency", S, 0.0, False),
        ("tokens", None, 60.0, False),  # it fits never
    ],
)
def test_it_is_waited_for_what_can_come_in_time(code: Code, wait_ns: int | None, left_s: float, may: bool) -> None:
    assert may_wait(Excess(code, 10, wait_ns), left_s) is may


@pytest.mark.parametrize(
    ("code", "wait_ns", "look_s"),
    [("requests", 40 * S, 40.0), ("tokens", 40 * S, 0.25), ("tokens", S // 10, 0.1), ("concurrency", S, 0.25)],
)
def test_it_is_looked_when_something_may_have_changed(code: Code, wait_ns: int, look_s: float) -> None:
    assert look_again_s(Excess(code, 10, wait_ns), 0.25) == look_s


@pytest.mark.parametrize(
    ("waiting", "newcomer", "loser"),
    [
        ({}, "a", "a"),
        ({"a": 3}, "a", "a"),
        ({"a": 3}, "b", "a"),
        ({"a": 2, "b": 1}, "b", "b"),  # it would only change places
        ({"a": 3, "b": 1}, "b", "a"),
        ({"a": 1, "b": 1}, "c", "c"),
    ],
)
def test_the_key_with_the_most_gives_way(waiting: dict[str, int], newcomer: str, loser: str) -> None:
    assert gives_way(waiting, newcomer) == loser
