"""What should be streamed, and what not."""

import pytest

from sealink.policy.advice import LONG_TOKENS, SHORT_TOKENS, advice


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
