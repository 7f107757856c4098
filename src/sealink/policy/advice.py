"""Which requests would better be streamed, and which better not: what every guide to streaming says, at run time.

Streaming is for readers. What is parsed as a whole gains nothing by it and loses plain errors; what takes minutes in
one piece meets the time-outs of the proxies on its way (nginx and most load balancers: 60 s).
"""

from typing import Final

SHORT_TOKENS: Final = 64
"""An answer of so many tokens is there in about a second: nobody reads along."""
LONG_TOKENS: Final = 4096
"""An answer of so many tokens takes a minute at 70 tokens a second, as fast as large models are."""


def advice(*, stream: bool, is_parsed: bool, calls_function: bool, max_tokens: int | None) -> str:
    """What to tell the caller; "" where there is nothing to tell.

    `is_parsed`: JSON is asked for. `calls_function`: the answer has to be a call. `max_tokens`: the most that the
    answer may have, None where the request does not say.
    """
    if stream and is_parsed:
        return "Structured output is parsed whole: without stream, a failure is an HTTP status."
    if stream and calls_function:
        return "A function call is made when it is whole: without stream, a failure is an HTTP status."
    if stream and max_tokens is not None and max_tokens <= SHORT_TOKENS:
        return f"An answer of at most {max_tokens} tokens is short: streaming it gains nothing."
    if not stream and max_tokens is not None and max_tokens >= LONG_TOKENS and not is_parsed:
        return "A long answer in one piece may meet the time-out of a proxy: stream it, or set stream_internally."
    return ""
