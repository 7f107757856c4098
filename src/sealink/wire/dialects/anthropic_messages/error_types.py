"""Anthropic's error types and SeaLink's, which both sides of this dialect map to each other.

https://platform.claude.com/docs/en/api/errors
"""

from typing import Final

NAME: Final = "anthropic"
"""This dialect's name in the configuration, and on the errors, tools and citations that come from it."""

TYPES: Final = {
    "invalid_request_error": ("invalid_request_error", 400),
    "authentication_error": ("authentication_error", 401),
    "billing_error": ("insufficient_balance", 402),
    "permission_error": ("permission_error", 403),
    "not_found_error": ("not_found_error", 404),
    "request_too_large": ("request_too_large", 413),
    "rate_limit_error": ("rate_limit_exceeded", 429),
    "api_error": ("upstream_error", 500),
    "timeout_error": ("gateway_timeout", 504),
    "overloaded_error": ("service_unavailable", 529),
}
"""Anthropic's type: SeaLink's type, and the HTTP status that it stands for inside a stream, where there is none."""

TOO_LONG: Final = "prompt is too long"
"""How Anthropic's message begins when a prompt exceeds the context window. Its clients match these words."""

TOO_LONG_WITH_OUTPUT: Final = "input length and `max_tokens` exceed context limit"
"""How it begins when only prompt and `max_tokens` together exceed it: Claude Code reads the numbers that follow, and
asks for fewer tokens."""
