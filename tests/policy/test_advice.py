"""What should be streamed, and what not."""

from functools import partial
from typing import Any

import pytest

from sealink.policy.advice import LONG_TOKENS, SHORT_TOKENS, Habits, advice, advice_on, advice_on_answer


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"stream": True}, ""),
        ({"stream": True, "max_tokens": SHORT_TOKENS + 1}, ""),
        ({"stream": True, "max_tokens": SHORT_TOKENS}, "is short"),
        ({"stream": True, "structured": "json"}, "parsed whole"),
        ({"stream": True, "structured": "call"}, "function call"),
        ({"stream": False}, ""),
        ({"stream": False, "structured": "json"}, ""),
        ({"stream": False, "structured": "call"}, ""),
        ({"stream": False, "max_tokens": LONG_TOKENS - 1}, ""),
        ({"stream": False, "max_tokens": LONG_TOKENS}, "time-out of a proxy"),
        ({"stream": False, "max_tokens": LONG_TOKENS, "structured": "json"}, ""),
        ({"stream": False, "max_tokens": LONG_TOKENS, "structured": "call"}, "time-out of a proxy"),
    ],
)
def test_advice(asked: dict[str, Any], told: str) -> None:
    usual = {"structured": None, "max_tokens": None}
    said = advice(**{**usual, **asked})
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
        (Habits("k", streams=19, structured_streams=19), []),
        (Habits("k", streams=20, structured_streams=17), []),
        (Habits("k", streams=20, structured_streams=18), ["18 of its last 20 streams asked for JSON"]),
        (Habits("k", streams=20, short_streams=20, structured_streams=18), ["It streams structured output: 18"]),
        (Habits("k", streams=20, short_streams=20, structured_streams=17), ["It streams short replies: 20"]),
        (Habits("k", 1_000, 1_000, 20, 20), ["1,000 of its last 1,000 streams", "20 of its last 20"]),
    ],
)
def test_habits_are_told_where_enough_is_known(habits: Habits, told: list[str]) -> None:
    found = list(advice_on(habits))
    assert len(found) == len(told)
    assert all(words in each for words, each in zip(told, found, strict=True))


def test_an_answer_that_took_longer_than_proxies_wait_is_told_of() -> None:
    for is_structured in (False, True):
        told = partial(advice_on_answer, is_streamed=False, is_structured=is_structured)
        assert "after 61 s" in told(took_ms=61_000.0)
        assert told(took_ms=59_999.0) == ""
    assert advice_on_answer(is_streamed=True, is_structured=False, took_ms=600_000.0) == ""


def test_a_stream_of_structured_output_is_told_of() -> None:
    assert "parsed whole" in advice_on_answer(is_streamed=True, is_structured=True, took_ms=1.0)
