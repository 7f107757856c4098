"""What should be streamed, and what not."""

import pytest

from sealink.policy.advice import LONG_TOKENS, SHORT_TOKENS, Habits, advice, advice_on, advice_on_answer


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"stream": True}, ""),
        ({"stream": True, "max_tokens": SHORT_TOKENS + 1}, ""),
        ({"stream": True, "max_tokens": SHORT_TOKENS}, "is short"),
        ({"stream": True, "is_parsed": True}, "parsed whole"),
        ({"stream": True, "calls_function": True}, "function call"),
        ({"stream": False}, ""),
        ({"stream": False, "is_parsed": True, "calls_function": True}, ""),
        ({"stream": False, "max_tokens": LONG_TOKENS - 1}, ""),
        ({"stream": False, "max_tokens": LONG_TOKENS}, "time-out of a proxy"),
        ({"stream": False, "max_tokens": LONG_TOKENS, "is_parsed": True}, ""),
    ],
)
def test_advice(asked: dict[str, int], told: str) -> None:
    usual = {"is_parsed": False, "calls_function": False, "max_tokens": None}
    said = advice(**{**usual, **asked})  # type: ignore[arg-type]
    assert bool(said) == bool(told)
    assert told in said
    assert said.isascii()
    assert "\n" not in said


@pytest.mark.parametrize(
    ("habits", "told"),
    [
        (Habits("k"), []),
        (Habits("k", streams=19, short_streams=19), []),
        (Habits("k", streams=20, short_streams=18), ["18 of its last 20 streams"]),
        (Habits("k", streams=20, short_streams=17), []),
        (Habits("k", whole=19, slow_whole=19), []),
        (Habits("k", whole=2_000, slow_whole=2), []),
        (Habits("k", whole=2_000, slow_whole=3), ["3 of its last 2,000"]),
        (Habits("k", 1_000, 1_000, 20, 20), ["1,000 of its last 1,000 streams", "20 of its last 20"]),
    ],
)
def test_habits_are_told_where_enough_is_known(habits: Habits, told: list[str]) -> None:
    found = list(advice_on(habits))
    assert len(found) == len(told)
    assert all(words in each for words, each in zip(told, found, strict=True))


def test_an_answer_that_took_longer_than_proxies_wait_is_told_of() -> None:
    assert "after 61 s" in advice_on_answer(is_streamed=False, took_ms=61_000.0)
    assert advice_on_answer(is_streamed=False, took_ms=59_999.0) == ""
    assert advice_on_answer(is_streamed=True, took_ms=600_000.0) == ""
