"""Sliding windows against a model that remembers every use."""

from collections import deque

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.policy.limits import (
    DAY_NS,
    MINUTE_NS,
    RING_CELLS,
    STEPS,
    Excess,
    Need,
    Remaining,
    UsageLimits,
    Used,
    Window,
    excess,
    requests_left,
    tokens_left,
)

STEP_NS = MINUTE_NS // STEPS
S = 10**9


def window(length_ns: int = MINUTE_NS) -> Window:
    return Window(length_ns, (0, 0, 0, 0, 0), [0] * RING_CELLS)


def used(streams: int = 0) -> Used:
    return Used(window(), window(), window(DAY_NS), streams)


NEED = Need(0, 0, is_stated=True, streams=0)

pauses = st.one_of(
    st.integers(0, 1000), st.integers(0, STEP_NS), st.integers(0, 3 * S), st.integers(0, 2 * MINUTE_NS), st.just(0)
)
asks = st.lists(st.tuples(pauses, st.integers(1, 7), st.integers(0, 7)), max_size=300)


@given(asks, st.integers(1, 20), st.integers(0, 10**18))
def test_no_minute_has_more_than_the_limit_and_none_is_refused_for_longer_than_a_step(
    asks: list[tuple[int, int, int]], limit: int, start_ns: int
) -> None:
    counted, now = window(), start_ns + MINUTE_NS
    admitted: list[tuple[int, int]] = []
    for pause, amount, _ in asks:
        now += pause
        counted.advance(now)
        before = sum(each for at, each in admitted if at > now - MINUTE_NS)
        held = sum(each for at, each in admitted if at > now - MINUTE_NS - STEP_NS - 1)
        if counted.wait_ns(amount, limit, now) == 0:
            assert before + amount <= limit
            counted.add(amount, now)
            admitted.append((now, amount))
        else:
            assert held + amount > limit


@given(asks, st.integers(1, 20))
def test_what_was_not_needed_can_be_used_again_at_once(asks: list[tuple[int, int, int]], limit: int) -> None:
    counted, now, open_uses = window(), MINUTE_NS, deque[tuple[int, int]]()
    uses: list[tuple[int, int]] = []
    for pause, amount, back in asks:
        now += pause
        counted.advance(now)
        if counted.wait_ns(amount, limit, now) == 0:
            counted.add(amount, now)
            open_uses.append((now, amount))
        if open_uses and back % 2:
            at, reserved = open_uses.popleft()
            given_back = min(back, reserved)
            counted.take_back(given_back, at)
            uses.append((at, reserved - given_back))
        truth = [*uses, *open_uses]
        assert sum(each for at, each in truth if at > now - MINUTE_NS) <= counted.total <= limit
        assert counted.total <= sum(each for at, each in truth if at > now - MINUTE_NS - STEP_NS - 1)


@given(asks, st.integers(1, 20))
def test_a_refused_request_fits_after_the_wait_and_not_before(asks: list[tuple[int, int, int]], limit: int) -> None:
    counted, now = window(), MINUTE_NS
    for pause, amount, _ in asks:
        now += pause
        counted.advance(now)
        wait = counted.wait_ns(amount, limit, now)
        if wait is None:
            assert amount > limit
        elif wait:
            later = Window(MINUTE_NS, counted.state, counted._ring)
            later.advance(now + wait - 1)
            assert later.wait_ns(amount, limit, now + wait - 1) != 0
            later.advance(now + wait)
            assert later.wait_ns(amount, limit, now + wait) == 0
            counted.advance(now)
        else:
            counted.add(amount, now)


def test_the_whole_limit_may_come_at_once_and_again_after_the_window() -> None:
    counted = window()
    for now in (MINUTE_NS + 1, 2 * MINUTE_NS + 1, 3 * MINUTE_NS + 1):
        counted.advance(now)
        for _ in range(600):
            assert counted.wait_ns(1, 600, now) == 0
            counted.add(1, now)
        assert counted.wait_ns(1, 600, now) == MINUTE_NS


def test_a_steady_stream_of_requests_gets_more_than_98_percent_of_the_limit() -> None:
    counted, admitted = window(), 0
    for now in range(MINUTE_NS, 31 * MINUTE_NS, 5 * S // 100):  # 20 a second, of which 10 are allowed
        counted.advance(now)
        if counted.wait_ns(1, 600, now) == 0:
            counted.add(1, now)
            admitted += 1
    assert 0.98 * 600 * 30 <= admitted <= 600 * 30


def test_a_clock_that_goes_back_holds_what_was_used_for_longer() -> None:
    counted = window()
    counted.add(5, 2 * MINUTE_NS)
    counted.advance(MINUTE_NS)
    counted.add(1, MINUTE_NS)
    assert counted.total == 6
    counted.advance(3 * MINUTE_NS)
    assert counted.total == 0


def test_a_total_that_a_kill_has_left_too_large_is_right_again_after_some_windows() -> None:
    counted = window()
    counted.total = 10**6
    for now in range(MINUTE_NS, 4 * MINUTE_NS, STEP_NS):
        counted.advance(now)
        counted.add(1, now)
    assert counted.total <= STEPS + 2


def test_the_work_of_a_use_does_not_grow_with_the_uses_before_it() -> None:
    reads = 0

    class Ring(list[int]):
        def __getitem__(self, index):  # type: ignore[no-untyped-def]
            nonlocal reads
            reads += 1
            return super().__getitem__(index)

    counted = Window(MINUTE_NS, (0, 0, 0, 0, 0), Ring([0] * RING_CELLS))
    for index in range(10_000):
        now = MINUTE_NS + index * STEP_NS // 3
        counted.advance(now)
        counted.add(1, now)
    assert reads < 4 * 10_000


@pytest.mark.parametrize(
    ("limits", "use", "need", "found"),
    [
        ({}, (9, 9, 9, 9), NEED, None),
        ({"requests_per_minute": 10}, (9, 0, 0, 0), NEED, None),
        ({"requests_per_minute": 9}, (9, 0, 0, 0), NEED, Excess("requests", 9, MINUTE_NS)),
        ({"requests_per_minute": 0}, (0, 0, 0, 0), NEED, Excess("requests", 0, None)),
        ({"requests_per_day": 9}, (0, 0, 9, 0), NEED, Excess("requests_per_day", 9, DAY_NS)),
        ({"requests_per_day": 9, "requests_per_minute": 9}, (9, 0, 9, 0), NEED, Excess("requests_per_day", 9, DAY_NS)),
        ({"tokens_per_minute": 100}, (0, 40, 0, 0), Need(50, 10, True, 0), None),
        ({"tokens_per_minute": 100}, (0, 41, 0, 0), Need(50, 10, True, 0), Excess("tokens", 100, MINUTE_NS)),
        ({"tokens_per_minute": 100}, (0, 0, 0, 0), Need(50, 51, True, 0), Excess("tokens", 100, None)),
        ({"tokens_per_minute": 100}, (0, 0, 0, 0), Need(50, 1024, False, 0), None),
        ({"tokens_per_minute": 100}, (0, 1, 0, 0), Need(50, 1024, False, 0), Excess("tokens", 100, MINUTE_NS)),
        ({"tokens_per_minute": 100}, (0, 0, 0, 0), Need(101, 1024, False, 0), Excess("tokens", 100, None)),
        ({"concurrent_streams": 2}, (0, 0, 0, 1), Need(0, 0, True, 1), None),
        ({"concurrent_streams": 2}, (0, 0, 0, 2), Need(0, 0, True, 1), Excess("concurrency", 2, S)),
        ({"concurrent_streams": 2}, (0, 0, 0, 2), NEED, None),
    ],
)
def test_a_request_must_fit_into_every_limit(
    limits: dict[str, int], use: tuple[int, int, int, int], need: Need, found: Excess | None
) -> None:
    *amounts, streams = use
    now, counted = DAY_NS * 2, used(streams)
    for each, amount in zip((counted.requests, counted.tokens, counted.requests_of_day), amounts, strict=True):
        if amount:
            each.add(amount, now)
    assert excess(msgspec.convert(limits, UsageLimits), counted, need, now) == found


def test_what_is_left_is_that_of_the_limit_with_the_least_left() -> None:
    counted, now = used(), DAY_NS * 2
    counted.requests.add(3, now)
    counted.requests_of_day.add(3, now)
    limits = UsageLimits(requests_per_minute=10, requests_per_day=5, tokens_per_minute=7)
    assert requests_left(limits, counted, now) == Remaining(5, 2, DAY_NS)
    assert tokens_left(limits, counted, now) == Remaining(7, 7, 0)
    assert requests_left(UsageLimits(), counted, now) is tokens_left(UsageLimits(), counted, now) is None
