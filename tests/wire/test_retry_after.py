"""`retry-after` of upstreams: what says something is passed on and heeded, what does not is neither."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealink.wire.dialects import anthropic_messages, gemini_generate, openai_chat
from sealink.wire.retry_after import delay_s, said

NOW = 1_767_323_045.0
"""2026-01-02T03:04:05Z"""

HEEDED: list[tuple[str, str, float]] = [
    ("retry-after", "0", 0.0),
    ("retry-after", "7", 7.0),
    ("Retry-After", " 7 ", 7.0),
    ("retry-after", "0.5", 0.5),
    ("retry-after", "9999999999", 9999999999.0),
    ("retry-after", "Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
    ("retry-after", "Fri, 02 Jan 2026 03:04:35 +0000", 30.0),
    ("retry-after", "Friday, 02-Jan-26 03:04:35 GMT", 30.0),
    ("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ("retry-after-ms", "250", 0.25),
    ("retry-after-ms", "0.5", 0.0005),
]
GARBAGE = [
    *("", " ", "soon", "None", "null", "undefined", "NaN", "nan", "Infinity", "inf", "-1", "-0.5", "+5", "1e3", "0x10"),
    *(
        "5s",
        "5 seconds",
        "1m30s",
        "5, 5",
        "5;5",
        "1.2.3",
        ".5",
        "5.",
        "1,5",
        "{}",
        "<html>",
        "\x00",
        "²",
        "٣",
        "7\x855",
    ),
    *("12345678901", "1" * 4301, "Fri, 99 Jan 2026 03:04:35 GMT", "Fri, 02 Foo 2026 03:04:35 GMT", "tomorrow at 3"),
    *("Fri, 02 Jan 99999 03:04:35 GMT", "2026-01-02T03:04:35Z", "Fri, 02 Jan 2026 03:04:35"),
]


@pytest.mark.parametrize(("name", "value", "seconds"), HEEDED)
def test_what_says_when_is_passed_on_and_heeded(name: str, value: str, seconds: float) -> None:
    assert said([(name, value)]) == [(name.lower(), value.strip())]
    assert delay_s([(name, value)], NOW) == seconds


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize("name", ["retry-after", "Retry-After-Ms", "x-should-retry"])
def test_garbage_is_neither_passed_on_nor_heeded(name: str, value: str) -> None:
    assert said([(name, value)]) == []
    assert delay_s([(name, value)], NOW) is None
    assert delay_s([(name, value), ("retry-after", "3")], NOW) == 3.0
    for dialect in (openai_chat, anthropic_messages, gemini_generate):
        error = dialect.UPSTREAM.read_error(429, [(name, value), ("x-ratelimit-limit-requests", "1")], b"{}")
        assert not {"retry-after", "retry-after-ms", "x-should-retry"} & {kept for kept, _ in error.headers}


def test_of_several_the_first_that_makes_sense_counts_and_milliseconds_before_seconds() -> None:
    given = [("retry-after", "soon"), ("retry-after", "3"), ("retry-after", "4"), ("retry-after-ms", "2500")]
    assert said(given) == [("retry-after", "3"), ("retry-after-ms", "2500")]
    assert delay_s(given, NOW) == 2.5
    assert said([("x-should-retry", "true"), ("x-should-retry", "false")]) == [("x-should-retry", "true")]


@given(st.one_of(st.text(), st.from_regex(r"[A-Z][a-z]{2}, [0-9A-Za-z ]{6,20} ?\d\d:\d\d:\d\d (GMT|[+-]\d{4})")))
@example("Fri, 02 Jan 0000 03:04:35 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -9999")
def test_whatever_is_said_nothing_is_raised(value: str) -> None:
    wait_s = delay_s([("retry-after", value)], NOW)
    assert wait_s is None or wait_s >= 0
    assert (wait_s is None) == (said([("retry-after", value)]) == [])
