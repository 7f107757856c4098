"""When a stream under a budget ends, by counters that grant more money at once, later, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from sealink.gateway.limits.running_meter import UNCOUNTED_TOKENS, RunningMeter
from sealink.limits.subjects import Lease
from sealink.policy.budgets import PLENTY
from sealink.usage import Usage

INPUT, OUTPUT = 1, 10


class Asked:
    """Counters that note what is asked for; `grants` is what they have to give."""

    def __init__(self, grants: int = 0, ahead_tokens: int = 0) -> None:
        self.grants, self.ahead_tokens = grants, ahead_tokens
        self.wanted: list[int] = []

    def reserve_more(self, lease: Lease, wanted: int, now_s: float) -> int:
        self.wanted.append(wanted)
        granted = min(wanted, self.grants)
        self.grants -= granted
        lease.reserved += granted
        return granted

    def reserve_spent(self, lease: Lease, spent: int, now_s: float) -> int:
        lease.reserved += spent
        return spent


def meter(counters: Asked, reserved: int) -> RunningMeter:
    lease = Lease((), 0, 0.0, (), 1, reserved)
    return RunningMeter(counters, lease, price, prompt_tokens=lambda: 100, answer_tokens=20)


def price(usage: Usage) -> int:
    return usage.input_tokens * INPUT + usage.output_tokens * OUTPUT


def tokens_of(metered: RunningMeter, reported: Usage | None = None) -> int:
    """How many tokens come before the stream is cut, or 1,000."""
    return next((tokens for tokens in range(1, 1000) if metered(tokens, reported) is not None), 1000)


def test_it_ends_with_the_token_that_nothing_is_left_for() -> None:
    assert tokens_of(meter(Asked(), reserved=100 + 20 * OUTPUT)) == 20
    assert tokens_of(meter(Asked(grants=30 * OUTPUT), reserved=100 + 20 * OUTPUT)) == 50


def test_what_is_granted_later_is_asked_for_once_and_ahead() -> None:
    counters = Asked(ahead_tokens=8)
    assert tokens_of(meter(counters, reserved=100 + 20 * OUTPUT)) == 20
    assert len(counters.wanted) == 2  # ahead, and once more at the end


def test_a_prompt_that_was_dearer_than_estimated_takes_nothing_from_the_answer() -> None:
    dearer = Usage(input_tokens=5000, output_tokens=0)
    assert tokens_of(meter(Asked(ahead_tokens=8), reserved=100 + 20 * OUTPUT), dearer) == 20


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 300), st.integers(1, 9))
def test_what_is_reserved_is_spent_to_the_last_token(prompt: int, answer: int, reserved: int, step: int) -> None:
    """Whatever the price is like, as long as more tokens do not cost less."""

    def stepped(usage: Usage) -> int:
        return usage.input_tokens // 7 + usage.output_tokens // step * step

    lease = Lease((), 0, 0.0, (), 1, reserved)
    cut = tokens_of(RunningMeter(Asked(), lease, stepped, lambda: prompt, answer))
    most = max((tokens for tokens in range(1000) if prompt // 7 + tokens // step * step <= reserved), default=0)
    assert cut == min(1000, max(1, most))


def test_bytes_are_reserved_as_tokens_while_there_is_plenty() -> None:
    """So that nothing has to be counted; where what is left is not much more than that, tokens are."""
    counters = Asked(grants=10**9)
    lease = Lease((), 0, 0.0, (), 1, 100 + 20 * OUTPUT, funds_left=2 * UNCOUNTED_TOKENS * OUTPUT * PLENTY)
    metered = RunningMeter(counters, lease, price, lambda: 100, 20, is_covered=True)
    assert metered.left_uncounted(5, None) == 15
    assert metered.left_uncounted(25, None) == UNCOUNTED_TOKENS
    assert counters.wanted == [(UNCOUNTED_TOKENS + 5) * OUTPUT]
    lease.funds_left //= 4
    assert metered.left_uncounted(25 + UNCOUNTED_TOKENS, None) == 0
    assert len(counters.wanted) == 1
    assert metered(9, None) is None
    assert metered.left(9) == 25 + UNCOUNTED_TOKENS - 9


def test_what_is_not_granted_is_counted() -> None:
    lease = Lease((), 0, 0.0, (), 1, 100 + 20 * OUTPUT, funds_left=10**12)
    metered = RunningMeter(Asked(grants=OUTPUT), lease, price, lambda: 100, 20, is_covered=True)
    assert metered.left_uncounted(30, None) <= 0
    assert metered(20, None) is None  # one more was granted
    assert metered(21, None) is not None


def test_a_prompt_that_was_dearer_than_estimated_is_counted_with_the_answer() -> None:
    lease = Lease((), 0, 0.0, (), 1, 100 + 500 * OUTPUT)
    metered = RunningMeter(Asked(), lease, price, lambda: 100, 500, is_covered=True)
    assert metered.left_uncounted(5, Usage(input_tokens=90, output_tokens=0)) == 495
    dearer = Usage(input_tokens=100 + 200 * OUTPUT, output_tokens=0)
    assert metered.left_uncounted(5, dearer) == 295
    dearest = Usage(input_tokens=100 + 300 * OUTPUT, output_tokens=0)
    assert metered.left_uncounted(5, dearest) == 0  # the end is near: it has to be counted
    assert metered(5, dearest) is None
    assert metered.left(5) == 295  # what it has cost beyond that is reserved besides
