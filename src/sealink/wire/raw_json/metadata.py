"""Metadata of an answer in the types that clients' SDKs have for it.

Vendors leave it out, or send null and numbers for texts, and texts for numbers. Nobody needs it, but an SDK of a
language with static types refuses the whole answer for it: github.com/spring-projects/spring-ai/issues/6928.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Raw

from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    count_of,
    is_count,
    is_null,
    is_number,
    name_of,
    starts_with,
    to_raw,
)

_TIMES: Final = {"created": is_count, "created_at": is_number}
"""Whether a time is of the right type: OpenAI's Responses API has fractions of a second."""

_OPTIONAL: Final = ("system_fingerprint", "service_tier")
"""Texts that may be null."""


def wrong_metadata(fields: Fields, required: Iterable[str]) -> list[str]:
    """The names of the fields of a wrong type, and of the required ones that are not there."""
    wrong = [name for name in required if not _is_right(name, fields.get(name))]
    return wrong + [name for name in _OPTIONAL if not (is_null(fields.get(name)) or _is_right(name, fields[name]))]


def right_metadata(fields: Fields, wrong: Iterable[str], otherwise: Fields) -> Fields:
    """These fields in their right type; `otherwise` has what stands in for one that makes no sense."""
    return {name: _read(name, fields.get(name)) or otherwise.get(name, NULL) for name in wrong}


def _is_right(name: str, raw: Raw | None) -> bool:
    if raw is None:
        return False
    return _TIMES[name](raw) if name in _TIMES else starts_with(raw, b'"')


def _read(name: str, raw: Raw | None) -> Raw | None:
    if name in _OPTIONAL:
        return NULL
    value = count_of(raw) if name in _TIMES else name_of(raw)
    return None if value is None else to_raw(value)
