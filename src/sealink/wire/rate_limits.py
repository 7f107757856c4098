"""Limits as OpenAI's clients read them, and how many tokens a request says that its answer may have.

https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers: `x-ratelimit-reset-requests: 6m0s`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Raw

from sealink.wire.raw_json.fields import integer_of

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS


@lru_cache(maxsize=8)
def openai_limit_headers(what: str) -> tuple[str, str, str]:
    """A limit of requests or tokens, what is left of it, and in what time it is whole again."""
    return f"x-ratelimit-limit-{what}", f"x-ratelimit-remaining-{what}", f"x-ratelimit-reset-{what}"


@lru_cache(maxsize=256)
def duration(seconds: float) -> str:
    """As Go writes it: `20ms`, `1.5s`, `6m0s`, `23h59m0s`."""
    ms = -(-round(seconds * 1_000_000) // 1000)
    if ms < 1000:
        return f"{ms}ms" if ms else "0s"
    hours, ms = divmod(ms, _HOUR_MS)
    minutes, ms = divmod(ms, _MINUTE_MS)
    rest = f"{ms / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{rest}"
    return f"{minutes}m{rest}" if minutes else rest


def stated_tokens(fields: Mapping[str, Raw], names: tuple[str, ...], times: str = "") -> int | None:
    """The first of these fields that is there, as many times as the field `times` says; None where none is."""
    for name in names:
        if name in fields and (tokens := integer_of(fields[name])) is not None:
            if times in fields:
                tokens *= max(1, integer_of(fields[times]) or 1)
            return tokens if tokens > 0 else 0
    return None
