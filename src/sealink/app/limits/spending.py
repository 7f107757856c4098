"""What keys, teams and models have spent, by the ledger: the rows in the store and those that wait in the journals."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sealink.config import Config
from sealink.policy.routing import stars_of

if TYPE_CHECKING:
    from sealink.ledger.reports.report import Report

Reports = Callable[[], "AbstractContextManager[Report]"]
"""Opens a report on the ledger. Blocks, and imports SQLAlchemy: only threads ask for it."""


def reports_of(config: Config) -> Reports:
    """Opens reports on a config's ledger."""
    url, journal = config.store.url, Path(config.store.journal)

    @contextmanager
    def report() -> "Iterator[Report]":
        from sealink.ledger.reports.report import open_report

        with open_report(url, journal) as found:
            yield found

    return report


class SpentByLedger:
    """Called in threads: it blocks, and imports SQLAlchemy. Raises StoreError or StoreUnavailable."""

    def __init__(self, report: Reports) -> None:
        self._report = report

    def __call__(self, name: str, since_s: float, *, by_balance: bool = False) -> int:
        """Nano-dollars spent by `key:NAME`, `team:NAME` or `model:PATTERN` in requests that began since then.
        `by_balance`: that is when a balance was opened, be it in the middle of a day."""
        from sealink.ledger.reports.selection import Selection

        kind, _, own = name.partition(":")
        since = datetime.fromtimestamp(since_s, UTC)
        with self._report() as report:
            if kind == "model":
                selection = Selection(since=since)
                return report.spent_nano_usd(selection, is_of_model=lambda model: stars_of(own, model) is not None)
            selection = Selection(since=since, key=own) if kind == "key" else Selection(since=since, team=own)
            return report.spent_nano_usd(selection, by_balance=by_balance)
