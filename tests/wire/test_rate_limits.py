"""Limits as clients read them, and what requests say of the tokens of their answers."""

import pytest

from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses
from sealink.wire.rate_limits import duration


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.0004, "1ms"),
        (0.02, "20ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9996, "1m0s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (86_340, "23h59m0s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(seconds: float, written: str) -> None:
    assert duration(seconds) == written


MESSAGES = b'"model": "m", "messages": [{"role": "user", "content": "hi"}]'


@pytest.mark.parametrize(
    ("client", "fields", "tokens"),
    [
        (openai_chat.CLIENT, MESSAGES, None),
        (openai_chat.CLIENT, MESSAGES + b', "max_tokens": 7', 7),
        (openai_chat.CLIENT, MESSAGES + b', "max_completion_tokens": 5, "max_tokens": 7, "n": 3', 15),
        (openai_chat.CLIENT, MESSAGES + b', "max_tokens": null', None),
        (anthropic_messages.CLIENT, MESSAGES + b', "max_tokens": 9', 9),
        (openai_responses.CLIENT, b'"model": "m", "input": "hi"', None),
        (openai_responses.CLIENT, b'"model": "m", "input": "hi", "max_output_tokens": 30', 30),
    ],
    ids=range(7),
)
def test_a_request_says_how_long_its_answer_may_be(client, fields: bytes, tokens: int | None) -> None:  # type: ignore[no-untyped-def]
    assert client.max_output_tokens(client.parse_head(b"{" + fields + b"}", {})) == tokens


def test_limits_have_the_names_of_their_api() -> None:
    assert openai_chat.CLIENT.limit_headers("requests") == (
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    )
    assert anthropic_messages.CLIENT.limit_headers("tokens") == (
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    )
    assert openai_chat.CLIENT.limit_reset(60.0, lambda: "2026-01-02T03:04:05Z") == "1m0s"
    assert anthropic_messages.CLIENT.limit_reset(59.5, lambda: "2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z"
