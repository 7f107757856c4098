"""The circuit breaker's table, row by row, and an invariant over any history."""

from hypothesis import given
from hypothesis import strategies as st

from sealink.policy.breaker import BreakerChange, BreakerSettings, CircuitBreaker

SETTINGS = BreakerSettings(window_s=30, min_attempts=4, failure_share=0.5, open_s=10)


def begin(breaker: CircuitBreaker, now: float) -> bool:
    """Make an attempt if it is allowed."""
    allowed = breaker.allows(now)
    if allowed:
        breaker.began(now)
    return allowed


def failing(times: int, at: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(times):
        breaker.failed(at)
    return breaker


def test_it_opens_on_a_share_of_enough_attempts() -> None:
    assert failing(3).state(0) == "closed"
    assert failing(4).state(0) == "open"
    assert not failing(4).allows(9.9)


def test_successes_keep_it_closed() -> None:
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(10):
        breaker.succeeded(0)
        breaker.succeeded(0)
        breaker.failed(0)
    assert breaker.state(0) == "closed"


def test_old_failures_are_forgotten() -> None:
    breaker = failing(3)
    breaker.failed(31)
    assert breaker.state(31) == "closed"


def test_half_open_lets_one_probe_through() -> None:
    breaker = failing(4)
    assert breaker.state(10) == "half-open"
    assert begin(breaker, 10)
    assert not breaker.allows(10)


def test_a_probe_that_succeeds_closes() -> None:
    breaker = failing(4)
    assert begin(breaker, 10)
    breaker.succeeded(11)
    assert breaker.state(11) == "closed"
    breaker.failed(11)
    assert breaker.state(11) == "closed"


def test_a_probe_that_fails_opens_for_another_while() -> None:
    breaker = failing(4)
    assert begin(breaker, 10)
    breaker.failed(12)
    assert breaker.state(21.9) == "open"
    assert breaker.state(22) == "half-open"


def test_a_probe_that_tells_nothing_leaves_room_for_another() -> None:
    breaker = failing(4)
    assert begin(breaker, 10)
    breaker.abandoned()
    assert begin(breaker, 10)


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["ok", "fail", "abandon"])), max_size=60))
def test_there_is_always_a_way_back(history: list[tuple[float, str]]) -> None:
    """Invariant: whatever happened, after `open_s` of silence an attempt is allowed."""
    breaker, now = CircuitBreaker(SETTINGS), 0.0
    for pause, end in history:
        now += pause
        if begin(breaker, now):
            {"ok": breaker.succeeded, "fail": breaker.failed, "abandon": lambda _: breaker.abandoned()}[end](now)
    assert breaker.allows(now + SETTINGS.open_s)


def test_a_change_of_state_is_told_once() -> None:
    """Down when it opens, up when a probe succeeds; probes that fail between say nothing new."""
    changes: list[BreakerChange] = []
    breaker = CircuitBreaker(SETTINGS, changes.append)
    for _ in range(4):
        breaker.failed(1)
    for now in (11, 21, 31):
        assert begin(breaker, now)
        breaker.failed(now)
    assert changes == [BreakerChange(False, failures=4, attempts=4)]
    assert begin(breaker, 41)
    breaker.succeeded(41)
    breaker.succeeded(42)
    assert changes[1:] == [BreakerChange(True, down_s=40)]
