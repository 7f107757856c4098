"""Limits as clients of Anthropic's API read them.

https://platform.claude.com/docs/en/api/rate-limits#response-headers: the reset is a time in RFC 3339.
"""

from typing import Final

from sealink.errors import HeaderList

_PREFIX: Final = "anthropic-ratelimit"


def limit_headers(what: str, limit: int, left: int, reset_at: str) -> HeaderList:
    """A limit of requests or tokens, what is left of it, and when all of it is again."""
    return (
        (f"{_PREFIX}-{what}-limit", str(limit)),
        (f"{_PREFIX}-{what}-remaining", str(left)),
        (f"{_PREFIX}-{what}-reset", reset_at),
    )
