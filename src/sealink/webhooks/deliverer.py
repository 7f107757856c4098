"""The thread that finds events in the store and sends what waits in the outbox. One process of a machine has it."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sealink.store.errors import StoreError, StoreUnavailable
from sealink.webhooks.events import delay_s, event
from sealink.webhooks.settings import WebhookSettings

if TYPE_CHECKING:
    from sealink.webhooks.outbox import Backlog, Message, Outbox

log = logging.getLogger("sealink.webhooks")

POLL_S: Final = 0.5
_RARELY_S: Final = 60.0
_AT_ONCE: Final = 100
_ENDPOINTS_AT_ONCE: Final = 8
ENDPOINT_S: Final = 10.0
"""How much time one endpoint has in a round, that of one answer aside: the next round, and others, wait for it."""

Expiring = Callable[[], Iterable[tuple[str, date]]]
"""Keys with a day on which they expire."""
Thresholds = Callable[["Outbox", Sequence[WebhookSettings]], None]
"""Puts budgets and balances that come to an end into the outbox."""


class Deliverer:
    """Sends the messages of one store. Other processes and nodes may do the same: each message is sent by one of them,
    twice only if that one dies."""

    def __init__(
        self, store_url: str, endpoints: Sequence[WebhookSettings], keys: Expiring, thresholds: Thresholds
    ) -> None:
        self.backlog: Sequence[Backlog] = ()
        """What waits, as it was lately."""
        self._store_url = store_url
        self._endpoints = endpoints
        self._keys = keys
        self._thresholds = thresholds
        self._outbox: Outbox | None = None
        self._next_rare_at = 0.0
        self._is_away = False
        self._failing: set[str] = set()
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="sealink-webhooks", daemon=True)

    def configure(self, endpoints: Sequence[WebhookSettings]) -> None:
        """Other endpoints from now on."""
        self._endpoints = endpoints

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Send no more. What is being sent is not waited for longer than that."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def round(self) -> bool:
        """Find events, and send what is due. Whether there may be more. Raises as Store does."""
        outbox, endpoints = self._opened(), self._endpoints
        self._take_events(outbox, endpoints)
        messages = outbox.claim(_AT_ONCE)
        by_endpoint: dict[str, list[Message]] = {}
        for message in messages:
            by_endpoint.setdefault(message.endpoint, []).append(message)
        with ThreadPoolExecutor(_ENDPOINTS_AT_ONCE) as pool:  # one that is slow does not hold up the others
            for done in [pool.submit(self._deliver_all, outbox, each) for each in by_endpoint.values()]:
                done.result()
        self.backlog = outbox.backlog()
        return len(messages) == _AT_ONCE

    def close(self) -> None:
        if self._outbox is not None:
            self._outbox.close()

    def _take_events(self, outbox: "Outbox", endpoints: Sequence[WebhookSettings]) -> None:
        from sealink.webhooks.key_events import take_changes, take_expiring

        take_changes(outbox, endpoints)
        if time.monotonic() >= self._next_rare_at:
            self._next_rare_at = time.monotonic() + _RARELY_S
            take_expiring(outbox, endpoints, self._keys())
            self._thresholds(outbox, endpoints)
            outbox.forget_old()

    def _deliver_all(self, outbox: "Outbox", messages: "Sequence[Message]") -> None:
        """To one endpoint. What it has no time for in this round goes back, and loses no attempt."""
        from sealink.webhooks.delivery import NotReceived, deliver

        endpoint = next((each for each in self._endpoints if each.url == messages[0].endpoint), None)
        until = time.monotonic() + ENDPOINT_S
        for number, message in enumerate(messages):
            if number and time.monotonic() >= until:
                outbox.give_back(messages[number:])
                return
            if endpoint is None:
                outbox.failed(message, "the config has no such endpoint", None)
                continue
            try:
                deliver(message, endpoint)
            except NotReceived as error:
                is_last = error.is_final or message.attempts >= endpoint.max_attempts
                outbox.failed(message, str(error), None if is_last else delay_s(message.attempts))
                self._report(endpoint.url, str(error))
            else:
                outbox.delivered(message)
                self._report(endpoint.url, None)

    def _run(self) -> None:
        while not self._is_stopping:
            has_more = False
            try:
                has_more = self.round()
                self._is_away = False
            except (StoreError, StoreUnavailable) as error:
                if not self._is_away:
                    log.warning("events wait, the store cannot be used: %s", error)
                self._is_away = True
            except Exception:
                log.exception("webhooks: a round has failed")
            if not has_more:
                self._wake.wait(POLL_S)
        self.close()

    def _opened(self) -> "Outbox":
        from sealink.webhooks.outbox import Outbox

        if self._outbox is None:
            self._outbox = Outbox(self._store_url)
        return self._outbox

    def _report(self, url: str, error: str | None) -> None:
        """Once when an endpoint fails, and once when it is well again. Its path and query may be secret."""
        host = urlsplit(url).hostname
        if error is not None and url not in self._failing:
            self._failing.add(url)
            log.warning("the webhook at %s does not take messages, they wait: %s", host, error)
        elif error is None and url in self._failing:
            self._failing.discard(url)
            log.warning("the webhook at %s takes messages again", host)


def tell(store_url: str, endpoints: Sequence[WebhookSettings], kind: str, data: dict[str, Any]) -> None:
    """Something has happened in this process: it is in the outbox soon. Does not block."""
    if not any(endpoint.wants(kind) for endpoint in endpoints):
        return
    happened = event(kind, data)

    def add() -> None:
        from sealink.webhooks.outbox import Outbox

        outbox = Outbox(store_url)
        try:
            outbox.add([happened], endpoints)
        except (StoreError, StoreUnavailable) as error:
            log.warning("the event %s of %s is lost, the store cannot be used: %s", kind, data, error)
        finally:
            outbox.close()

    threading.Thread(target=add, name="sealink-webhook", daemon=True).start()
