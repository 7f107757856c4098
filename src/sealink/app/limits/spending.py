"""What keys, teams and models have spent, by the ledger: the rows in the store and those that wait in the journals."""

from datetime import UTC, datetime
from pathlib import Path

from sealink.policy.routing import stars_of


class SpentByLedger:
    """Called in threads: it blocks, and imports SQLAlchemy. Raises StoreError or StoreUnavailable."""

    def __init__(self, store_url: str, journal: Path) -> None:
        self._store_url = store_url
        self._journal = journal

    def __call__(self, name: str, since_s: float, *, by_balance: bool = False) -> int:
        """Nano-dollars spent by `key:NAME`, `team:NAME` or `model:PATTERN` in requests that began since then.
        `by_balance`: that is when a balance was opened, be it in the middle of a day."""
        from sealink.ledger.reports.report import open_report
        from sealink.ledger.reports.selection import Selection

        kind, _, own = name.partition(":")
        since = datetime.fromtimestamp(since_s, UTC)
        with open_report(self._store_url, self._journal) as report:
            if kind == "model":
                selection = Selection(since=since)
                return report.spent_nano_usd(selection, is_of_model=lambda model: stars_of(own, model) is not None)
            selection = Selection(since=since, key=own) if kind == "key" else Selection(since=since, team=own)
            return report.spent_nano_usd(selection, by_balance=by_balance)
