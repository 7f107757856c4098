"""Observers are notified when a request is admitted, and when it is settled. The ledger is the first of them."""

import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sealink.errors import ServiceUnavailable
from sealink.ledger.entry import Admission, Settlement

log = logging.getLogger("sealink.gateway")


class Ledger(Protocol):
    """Where requests are written down. It is the only observer that can refuse one."""

    def admit(self, admission: Admission) -> None:
        """Raises ServiceUnavailable: what cannot be accounted for is not served."""

    def settle(self, settlement: Settlement) -> None:
        """Never fails."""


class Observer(Protocol):
    """Any other observer: metrics, a request log, traces."""

    def settled(self, admission: Admission, settlement: Settlement) -> None: ...


@runtime_checkable
class AdmissionObserver(Observer, Protocol):
    """One that is notified of admissions, too."""

    def admitted(self, admission: Admission) -> None: ...


class Observers:
    """All observers of one process. An exception of one that is not the ledger does not reach the exchange; the first
    of each observer is logged."""

    def __init__(self, ledger: Ledger, *others: Observer, undo: Callable[[Admission], None] | None = None) -> None:
        """`undo` is called with requests that passed admission and that the ledger refuses: they are never settled."""
        self._ledger = ledger
        self._undo = undo
        self._others = others
        self._of_admissions = [observer for observer in others if isinstance(observer, AdmissionObserver)]
        self._failed: set[Observer] = set()

    def admitted(self, admission: Admission) -> None:
        """Raises ServiceUnavailable when the ledger refuses the request; no other observer is notified then."""
        try:
            self._ledger.admit(admission)
        except ServiceUnavailable:
            if self._undo is not None:
                self._undo(admission)
            raise
        for observer in self._of_admissions:
            try:
                observer.admitted(admission)
            except Exception:  # noqa: BLE001 -- it is logged
                self._note_failure(observer)

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        self._ledger.settle(settlement)
        for observer in self._others:
            try:
                observer.settled(admission, settlement)
            except Exception:  # noqa: BLE001 -- it is logged
                self._note_failure(observer)

    def _note_failure(self, observer: Observer) -> None:
        """Called where its exception is handled."""
        if observer not in self._failed:
            self._failed.add(observer)
            log.exception("The observer %r has failed. Its further failures are not logged.", observer)
