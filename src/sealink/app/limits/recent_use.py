"""What keys, teams and models have lately used of their limits, by the rows in the store."""

import time
from typing import Final

from sealink.limits.subjects import Recorded, Subject
from sealink.policy.routing import stars_of

_TIMEOUT_S: Final = 5.0
_MINUTE_S: Final = 60
_DAY_S: Final = 86_400


class RecentUse:
    """Called in threads: it blocks, and imports SQLAlchemy. Raises StoreError or StoreUnavailable."""

    def __init__(self, store_url: str) -> None:
        self._store_url = store_url

    def __call__(self, subject: Subject) -> Recorded:
        """Its requests and tokens within the last minute, and its requests within the last day; where it has limits of
        those."""
        limits, now_s = subject.limits, time.time()
        by_minute = limits.requests_per_minute is not None or limits.tokens_per_minute is not None
        requests, tokens = self._since(subject, now_s - _MINUTE_S) if by_minute else (0, 0)
        of_day = 0 if limits.requests_per_day is None else self._since(subject, now_s - _DAY_S)[0]
        return Recorded(requests, tokens, of_day)

    def _since(self, subject: Subject, since_s: float) -> tuple[int, int]:
        from sealink.ledger.requests_table import RequestsTable

        kind, _, name = subject.name.partition(":")
        table = RequestsTable(self._store_url, timeout_s=_TIMEOUT_S)
        try:
            table.migrate()
            by_model = table.used(since_s, **({} if kind == "model" else {kind: name}))
        finally:
            table.close()
        used = [each for model, each in by_model.items() if kind != "model" or stars_of(name, model) is not None]
        return sum(requests for requests, _ in used), sum(tokens for _, tokens in used)
