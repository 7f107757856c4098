"""Which requests a report is about."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from sealink.ledger.row import Row

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})", re.ASCII)

COLUMNS: Final = {
    "key": "key",
    "team": "team",
    "model": "model",
    "provider": "provider",
    "task": "task_type",
    "ended": "ended",
    "code": "code",
}
"""What can be selected by, and the column of each."""
OF_DAYS: Final = ("key", "team", "model", "provider", "task")
"""What is told apart in the sums of days whose rows were removed."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that began from `since` on and before `until`, and that fit all else that is given."""

    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    team: str | None = None
    model: str | None = None
    provider: str | None = None
    task: str | None = None
    ended: str | None = None
    code: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The columns that must have a value, with that."""
        return {column: value for name, column in COLUMNS.items() if (value := getattr(self, name)) is not None}

    @property
    def fits_days(self) -> bool:
        """Whether it can be told of the sums of a day which part it fits."""
        return self.ended is None and self.code is None

    def fits(self, row: Row) -> bool:
        """Whether it is about this request."""
        started_at = row["started_at"]
        if self.since is not None and (started_at is None or started_at < self.since):
            return False
        if self.until is not None and (started_at is None or started_at >= self.until):
            return False
        return all(row[column] == value for column, value in self.given.items())


ALL: Final = Selection()


Position = tuple[datetime, str]
"""Of a row in a list: when the request began, and its id."""


def position_text(position: Position) -> str:
    """A position as it is sent along to be shown what comes next."""
    at, request_id = position
    return f"{at.isoformat()},{request_id}"


def read_position(text: str) -> Position:
    """Raises ValueError."""
    at, comma, request_id = text.partition(",")
    if not comma:
        raise ValueError("it must be the `next` of the part before")
    return moment(at), request_id


def moment(text: str) -> datetime:
    """A time as people write it: a date, which is its 00:00 UTC, or an RFC 3339 time. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter before the year 1 and after 9999 in UTC
        raise ValueError(f"{text!r} is neither a date (2026-01-31) nor a time (2026-01-31T12:00:00Z)") from None


def month(text: str) -> tuple[datetime, datetime]:
    """The beginning of a month (`2026-01`), and its end. Raises ValueError."""
    found = _MONTH.fullmatch(text)
    try:
        first = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        first = None
    if first is None or first.year == date.max.year:
        raise ValueError(f"{text!r} is not a month (2026-01)")
    following = (first + timedelta(days=31)).replace(day=1)
    return (
        datetime(first.year, first.month, 1, tzinfo=UTC),
        datetime(following.year, following.month, 1, tzinfo=UTC),
    )
