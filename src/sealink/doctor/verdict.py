"""What a check has found."""

from typing import Final, Literal

import msgspec

Level = Literal["ok", "fact", "untested", "warning", "failure"]
"""`ok`: as it should be. `fact`: neither good nor bad. `untested`: could not be found out. `warning`: something hides
what a client needs, or costs money. `failure`: streams are delayed, merged, altered or cut."""

NO_TIME: Final = "There was no time left for it."
"""Of what was not done within the limit of all."""

EXIT_CODES: Final[dict[Level, int]] = {"ok": 0, "fact": 0, "untested": 0, "warning": 1, "failure": 2}


class Verdict(msgspec.Struct, frozen=True):
    """`change` is the line to change, "" where there is none. `figures` are what was measured, units in their names."""

    level: Level
    words: str
    change: str = ""
    figures: dict[str, float | str | None] = {}


class Finding(msgspec.Struct, frozen=True):
    """A verdict, and the name of the check that it is of."""

    check: str
    verdict: Verdict
