"""Sums the hours and days that are over when the console is loaded: then whoever looks first need not wait for it."""

import threading
from datetime import UTC, datetime

from starlette.datastructures import State

from sealink.console.backend import Backend
from sealink.console.pages.overview import read_overview
from sealink.console.pages.usage import default_since
from sealink.ledger.reports.over_time import RANGES
from sealink.ledger.reports.report import open_report
from sealink.ledger.reports.selection import Selection
from sealink.store.errors import StoreError, StoreUnavailable


def read_ahead(state: State) -> threading.Thread:
    """Begin to, in the thread that is returned."""
    thread = threading.Thread(target=_read, args=[state], name="sealink-console-past", daemon=True)
    thread.start()
    return thread


def _read(state: State) -> None:
    backend: Backend = state.backend
    try:
        for name in ("24h", "30d"):  # what is looked at first
            read_overview(backend, state.over_time, RANGES[name], datetime.now(UTC))
        with open_report(backend.store_url, backend.journal) as report:
            report.summary(("model",), Selection(since=default_since()), state.past_days)
    except (StoreError, StoreUnavailable):
        return  # the pages will say so, to whom it concerns
