"""What may be done beyond the ordinary: no more than a share of the requests asks for."""

from hypothesis import given
from hypothesis import strategies as st

from sealink.policy.breaker import BreakerSettings, CircuitBreaker
from sealink.policy.hedging import HedgeSettings, Hedging
from sealink.policy.token_bucket import MAX_SAVED, TokenBucket

CLOSED = CircuitBreaker(BreakerSettings())


@given(share=st.floats(0, 1), uses=st.lists(st.booleans(), max_size=300))
def test_an_allowance_is_a_share_of_the_requests_and_a_few_to_begin_with(share: float, uses: list[bool]) -> None:
    allowance = TokenBucket(share)
    taken = 0
    for wants in uses:
        allowance.request()
        taken += wants and allowance.take()
    assert taken <= MAX_SAVED + share * len(uses) + 1e-9
    assert taken == sum(uses) or taken >= int(MAX_SAVED)


def test_what_is_not_used_is_saved_up_but_not_for_ever() -> None:
    allowance = TokenBucket(1.0)
    for _ in range(1000):
        allowance.request()
    assert sum(allowance.take() for _ in range(100)) == MAX_SAVED


def test_hedges_have_an_allowance() -> None:
    hedging = Hedging(HedgeSettings(max_share=0.0))
    assert [hedging.may_begin(CLOSED, 0.0) for _ in range(11)] == [True] * 10 + [False]


def test_a_target_whose_breaker_is_open_is_not_asked_and_costs_no_allowance() -> None:
    hedging, breaker = Hedging(HedgeSettings(max_share=0.0)), CircuitBreaker(BreakerSettings(min_attempts=1))
    breaker.failed(0.0)
    assert not any(hedging.may_begin(breaker, 1.0) for _ in range(20))
    assert hedging.may_begin(CLOSED, 1.0)
