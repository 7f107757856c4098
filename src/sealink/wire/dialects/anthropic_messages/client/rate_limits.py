"""Limits as clients of Anthropic's API read them.

https://platform.claude.com/docs/en/api/rate-limits#response-headers: the reset is a time in RFC 3339.
"""

from functools import lru_cache
from typing import Final

_PREFIX: Final = "anthropic-ratelimit"


@lru_cache(maxsize=8)
def limit_headers(what: str) -> tuple[str, str, str]:
    """A limit of requests or tokens, what is left of it, and when it is whole again."""
    return f"{_PREFIX}-{what}-limit", f"{_PREFIX}-{what}-remaining", f"{_PREFIX}-{what}-reset"
