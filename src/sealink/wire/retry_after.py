"""When an upstream wants to be asked again: the headers that are passed on, and heeded, if they say anything at all.

Servers send `retry-after: None`, `-1`, `NaN` or a page of text; an SDK that gets such a header waits not at all, or for
ever. RFC 9110 §10.2.3 has seconds and a date; fractions of a second and `retry-after-ms` are what OpenAI's SDKs read.
"""

import re
from email.utils import parsedate_to_datetime
from typing import Final

from sealink.errors import HeaderList

_NUMBER: Final = re.compile(r"\d{1,10}(?:\.\d{1,20})?", re.ASCII)
_DATE: Final = re.compile(r"[A-Z][a-z]{2,8}, .{6,24}\d\d:\d\d(?::\d\d)? (?:GMT|UTC|[+-]\d{4})", re.ASCII)
_HINT: Final = ("true", "false")
_NAMES: Final = ("retry-after-ms", "retry-after", "x-should-retry")


def said(headers: HeaderList) -> list[tuple[str, str]]:
    """The headers that say whether and when to retry, in lower case, each once; none that makes no sense."""
    found: dict[str, str] = {}
    for name, value in headers:
        if (name := name.lower()) in _NAMES and _makes_sense(name, value := value.strip()):
            found.setdefault(name, value)
    return list(found.items())


def delay_s(headers: HeaderList, now: float) -> float | None:
    """Seconds to wait, by whichever header says so; None where none does. `now` is the Unix time in seconds."""
    found = dict(said(headers))
    if "retry-after-ms" in found:
        return float(found["retry-after-ms"]) / 1000
    after = found.get("retry-after")
    if after is None:
        return None
    return float(after) if _NUMBER.fullmatch(after) else max(0.0, (_moment(after) or now) - now)


def _makes_sense(name: str, value: str) -> bool:
    if name == "x-should-retry":
        return value in _HINT
    return _NUMBER.fullmatch(value) is not None or (name == "retry-after" and _moment(value) is not None)


def _moment(date: str) -> float | None:
    """A date as Unix time; None if it is none."""
    if _DATE.fullmatch(date) is None:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
