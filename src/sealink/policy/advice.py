"""Which requests would better be streamed, and which better not: what every guide to streaming says, at run time.

Streaming is for readers. What is parsed as a whole gains nothing by it and loses plain errors; what takes minutes in
one piece meets the time-outs of the proxies on its way (nginx and most load balancers: 60 s).
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from sealink.request import StructuredOutput

SHORT_TOKENS: Final = 64
"""An answer of so many tokens is there in about a second: nobody reads along."""
LONG_TOKENS: Final = 4096
"""An answer of so many tokens takes a minute at 70 tokens a second, as fast as large models are."""

MAX_STREAM_S: Final = 2.0
"""From the first token to the last: who reads along needs longer."""
PROXY_TIMEOUT_S: Final = 60.0
"""Of silence: that of nginx and of most load balancers."""
MIN_REQUESTS: Final = 20
"""Of a kind, before anything is said of a key's habits."""
MOSTLY: Final = 0.9
"""What part of a key's streams has to be short, or structured, before it is told so: in a chat some answers always
are."""
MIN_SLOW: Final = 3
"""Answers in one piece that took longer than a proxy waits."""


class Habits(msgspec.Struct, frozen=True):
    """What a key asked for lately, of what came to its end: streams, those of them that were short and quick, answers
    in one piece, and those of them that took longer than proxies wait; streams of structured output."""

    key: str
    streams: int = 0
    short_streams: int = 0
    whole: int = 0
    slow_whole: int = 0
    structured_streams: int = 0


def advice_on(habits: Habits) -> Iterator[str]:
    """What to tell whoever runs SeaLink; nothing where too little is known."""
    if habits.streams >= MIN_REQUESTS and habits.structured_streams >= habits.streams * MOSTLY:
        yield (
            f"It streams structured output: {habits.structured_streams:,} of its last {habits.streams:,} streams asked "
            "for JSON or a function call, which is parsed whole. Without stream, a failure is an HTTP status."
        )
    elif habits.streams >= MIN_REQUESTS and habits.short_streams >= habits.streams * MOSTLY:
        yield (
            f"It streams short replies: {habits.short_streams:,} of its last {habits.streams:,} streams had at most "
            f"{SHORT_TOKENS} tokens and were there at once. Without stream, a failure is an HTTP status."
        )
    if habits.whole >= MIN_REQUESTS and habits.slow_whole >= MIN_SLOW:
        yield (
            f"It waits whole for long answers: {habits.slow_whole:,} of its last {habits.whole:,} took more than "
            f"{PROXY_TIMEOUT_S:.0f} s, which is how long most proxies wait. Streamed, they reach their clients."
        )


def advice_on_answer(*, is_streamed: bool, is_structured: bool, took_ms: float) -> str:
    """What to tell of one request, whatever became of it; "" where there is nothing to tell."""
    if is_streamed and is_structured:
        return "It streamed structured output, which is parsed whole: without stream, a failure is an HTTP status."
    if is_streamed or took_ms < PROXY_TIMEOUT_S * 1000:
        return ""
    return (
        f"It was answered in one piece after {took_ms / 1000:,.0f} s of silence. Most proxies wait "
        f"{PROXY_TIMEOUT_S:.0f} s: streamed, such an answer reaches its client."
    )


def advice(*, stream: bool, structured: StructuredOutput | None, max_tokens: int | None) -> str:
    """What to tell the caller; "" where there is nothing to tell.

    `max_tokens`: the most that the answer may have, None where the request does not say.
    """
    if stream and structured == "json":
        return "Structured output is parsed whole: without stream, a failure is an HTTP status."
    if stream and structured == "call":
        return "A function call is made when it is whole: without stream, a failure is an HTTP status."
    if stream and max_tokens is not None and max_tokens <= SHORT_TOKENS:
        return f"An answer of at most {max_tokens} tokens is short: streaming it gains nothing."
    if not stream and max_tokens is not None and max_tokens >= LONG_TOKENS and structured != "json":
        return "A long answer in one piece may meet the time-out of a proxy: stream it, or set stream_internally."
    return ""
