"""Who is told of each request that is admitted, and of how it ended: the ledger, and whoever wants to know besides."""

import logging
from collections.abc import Callable
from typing import Protocol

from sealink.ledger.entry import Admission, Settlement

log = logging.getLogger("sealink.gateway")


class Ledger(Protocol):
    """Where requests are written down. It is the only observer that can refuse one."""

    def admit(self, admission: Admission) -> None:
        """Raises ServiceUnavailable: what cannot be accounted for is not served."""

    def settle(self, settlement: Settlement) -> None:
        """Never fails."""


class Observer(Protocol):
    """Somebody who is told: metrics, a request log, traces."""

    def admitted(self, admission: Admission) -> None: ...
    def settled(self, admission: Admission, settlement: Settlement) -> None: ...


class Observers:
    """The ledger first, then the others. One of these that fails does not disturb the exchange; its first failure is
    logged."""

    def __init__(self, ledger: Ledger, *others: Observer) -> None:
        self._ledger = ledger
        self._others = others
        self._failed: set[Observer] = set()

    def admitted(self, admission: Admission) -> None:
        """Raises ServiceUnavailable when the ledger refuses the request; then no other observer is told of it."""
        self._ledger.admit(admission)
        for observer in self._others:
            self._tell(observer, observer.admitted, admission)

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        self._ledger.settle(settlement)
        for observer in self._others:
            self._tell(observer, observer.settled, admission, settlement)

    def _tell(self, observer: Observer, method: Callable[..., None], *entries: Admission | Settlement) -> None:
        try:
            method(*entries)
        except Exception:
            if observer not in self._failed:
                self._failed.add(observer)
                log.exception("The observer %r has failed; further failures of it are not logged.", observer)
