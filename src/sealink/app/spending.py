"""What keys, teams and models have spent, by the rows in the store."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sealink.access.keyring import Keyring
from sealink.policy.routing import stars_of

if TYPE_CHECKING:
    from sealink.ledger.requests_table import RequestsTable

_TIMEOUT_S = 5.0


class SpentByLedger:
    """Called in threads: it blocks, and imports SQLAlchemy. Raises StoreError."""

    def __init__(self, store_url: str, keyring: Keyring) -> None:
        self._store_url = store_url
        self._keyring = keyring

    def __call__(self, name: str, since_s: float) -> int:
        """Nano-dollars spent by `key:NAME`, `team:NAME` or `model:PATTERN` in requests that began since then."""
        table = self._table()
        try:
            return table.spent_nano_usd(since_s, self._fits(*name.split(":", 1)))
        finally:
            table.close()

    def _fits(self, kind: str, name: str) -> Callable[[str, str], bool]:
        if kind == "model":
            return lambda _, model: stars_of(name, model) is not None
        keys = {name} if kind == "key" else {*self._keyring.keys_of(name)}
        return lambda key, _: key in keys

    def _table(self) -> "RequestsTable":
        from sealink.ledger.requests_table import RequestsTable

        table = RequestsTable(self._store_url, timeout_s=_TIMEOUT_S)
        table.migrate()
        return table
