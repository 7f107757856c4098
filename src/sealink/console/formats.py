"""Numbers, money and times as people read them, for templates. What is not known is a dash or a word, never 0."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from sealink.access.records import AuditEntry
from sealink.catalog.rates import NANO

DASH: Final = "\u2013"
MASK: Final = "••••••••"
"""Instead of a secret."""
_DAY_S: Final = 86_400
_OWN_FIELDS: Final = ("name:", "source:", "created_at:", "revoked_at:", "set_in:")
"""Fields of a record that say nothing of a change."""


def count(value: float | None) -> str:
    """A whole number, its thousands separated."""
    return DASH if value is None else f"{round(value):,}"


def short_count(value: float) -> str:
    """A large number in three digits: `42.8 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            scaled = value / (1e3 if unit == "k" else size)
            return f"{scaled:.3g} {unit}" if scaled < 1000 else f"{scaled:.0f} {unit}"
    return count(value)


def dollars(nano: int | None) -> str:
    """A sum of money, to the cent; what is less is said to be."""
    return _dollars(nano, 2)


def exact_dollars(nano: int | None) -> str:
    """The money of one request, to four digits; what is less is said to be."""
    return _dollars(nano, 4)


def _dollars(nano: int | None, digits: int) -> str:
    if nano is None:
        return "unknown"
    value, least = nano / NANO, 10.0**-digits
    return f"< ${least:.{digits}f}" if 0 < value < least / 2 else f"${value:,.{digits}f}"


def plain_dollars(value: float | None) -> str:
    """Dollars as they are set: a limit, a budget."""
    return DASH if value is None else f"${value:,.2f}"


def duration(ms: float | None) -> str:
    """A time: `310 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    if ms is None:
        return DASH
    if ms < 999.5:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, smaller in ((_DAY_S, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def share(part: float, whole: float) -> str:
    """A part in per cent."""
    return DASH if not whole else f"{100 * part / whole:.1f} %"


def moment(at: datetime | float | None) -> str:
    """A time of day and year, in UTC."""
    if at is None:
        return DASH
    when = datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else at.astimezone(UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S")


def rate(per_s: float | None) -> str:
    """Tokens in a second."""
    return DASH if per_s is None else f"{per_s:.1f}"


def path_part(name: object) -> str:
    """A name as one segment of a path."""
    return quote(str(name), safe="")


def masked_url(url: str) -> str:
    """An address without the password that it may bear before its host, or in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}:{MASK}@{host}" if at else host
    return urlunsplit(parts._replace(netloc=netloc, query=MASK if parts.query else ""))


def ending_kind(ended: str | None) -> str:
    """Whether an ending is good, to be watched, or bad."""
    if ended in ("done", "drained", "detached"):
        return "good"
    return "bad" if ended in ("error", "timed_out", "killed") else "watch"


def plain(value: Any) -> Any:
    """A struct as the object that it is stored as."""
    return msgspec.to_builtins(value)


def pair(name: str) -> tuple[str, str]:
    """A choice that is called what it is."""
    return name, name


def changes(entry: AuditEntry) -> str:
    """What a change has changed: the fields, before and after."""
    before, after = entry.before or {}, entry.after or {}
    told = [
        f"{name}: {_told(before.get(name))} → {_told(after.get(name))}" if entry.before else f"{name}: {_told(value)}"
        for name, value in after.items()
        if (value != before.get(name) and value not in (None, [], {}, False, ""))
        or (name in before and before[name] != value)
    ]
    return "; ".join(line for line in told if not line.startswith(_OWN_FIELDS))


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def query(values: dict[str, Any], **changes: Any) -> str:
    """A query string: the values with some changed; those that are empty are left out."""
    pairs = {name: value for name, value in {**values, **changes}.items() if value not in (None, "")}
    return f"?{urlencode(pairs)}" if pairs else ""


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "count": count,
    "short_count": short_count,
    "dollars": dollars,
    "exact_dollars": exact_dollars,
    "plain_dollars": plain_dollars,
    "duration": duration,
    "moment": moment,
    "rate": rate,
    "path_part": path_part,
    "masked_url": masked_url,
    "ending_kind": ending_kind,
    "plain": plain,
    "pair": pair,
    "changes": changes,
}
