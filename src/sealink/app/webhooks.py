"""The webhooks of a running SeaLink: nothing of it is imported or started where the config has none."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sealink.access.credential import balance_in_force
from sealink.access.keyring import Keyring
from sealink.app.limits.spending import SpentByLedger, reports_of
from sealink.config import Config
from sealink.ledger.ledger import OpenTable
from sealink.ledger.row import RowTable
from sealink.limits.subjects import Credit, Subject
from sealink.policy.breaker import BreakerChange
from sealink.telemetry.gauge import Gauge
from sealink.telemetry.target_log import log_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealink.webhooks.deliverer import Deliverer
    from sealink.webhooks.outbox import Outbox
    from sealink.webhooks.settings import WebhookSettings

_STOP_S: Final = 1.0


class Webhooks:
    """Events of one process, and in one process of the machine their delivery."""

    def __init__(self, config: Config, keyring: Keyring) -> None:
        self._endpoints = config.webhooks
        self._store_url = config.store.url
        self._reports = reports_of(config)
        self._limits = config.limits
        self._keyring = keyring
        self._deliverer: Deliverer | None = None

    def configure(self, config: Config) -> None:
        """Put the [limits] of a newer config in force."""
        self._limits = config.limits

    @property
    def open_table(self) -> OpenTable | None:
        """Opens the table of requests so that what is stored there is told; None where nobody wants to know."""
        wants = [endpoint for endpoint in self._endpoints if endpoint.wants("usage.created")]
        if not wants:
            return None

        def opened(store_url: str, timeout_s: float) -> RowTable:
            from sealink.ledger.requests_table import RequestsTable
            from sealink.webhooks.usage_events import UsageEvents

            return RequestsTable(store_url, timeout_s=timeout_s, also=UsageEvents(wants))

        return opened

    def target_changed(self, provider: str, model: str, change: BreakerChange) -> None:
        """A target is down, or up again."""
        log_target(provider, model, change)
        if not self._endpoints:
            return
        from sealink.webhooks.deliverer import tell

        data: dict[str, Any] = {"provider": provider, "model": model}
        if change.is_up:
            data["down_s"] = change.down_s
        else:
            data |= {"failures": change.failures, "attempts": change.attempts}
        tell(self._store_url, self._endpoints, "target.up" if change.is_up else "target.down", data)

    def start(self) -> None:
        """Deliver from now on, where there is somebody to deliver to."""
        if not self._endpoints:
            return
        from sealink.webhooks.deliverer import Deliverer

        self._deliverer = Deliverer(self._store_url, self._endpoints, self._expiring, self._take_thresholds)
        self._deliverer.start()

    def stop(self) -> None:
        """Deliver no more. Blocks for a second at most."""
        if self._deliverer is not None:
            self._deliverer.stop(_STOP_S)

    def gauges(self) -> list[Gauge]:
        """What waits."""
        if self._deliverer is None:
            return []
        backlog = self._deliverer.backlog
        samples: dict[tuple[str, ...], float] = {
            ("waiting",): sum(each.waiting for each in backlog),
            ("dead",): sum(each.dead for each in backlog),
        }
        return [Gauge("sealink_webhook_backlog", "Messages to webhooks in the store.", samples, labels=("state",))]

    def _expiring(self) -> list[tuple[str, date]]:
        return [(key.name, key.expires) for key in self._keyring.in_force() if key.expires is not None]

    def _take_thresholds(self, outbox: "Outbox", endpoints: "Sequence[WebhookSettings]") -> None:
        from sealink.webhooks.budget_events import take_thresholds

        spent = SpentByLedger(self._reports)
        take_thresholds(outbox, endpoints, self._funded(), spent, self._limits.warn_at_percent)

    def _funded(self) -> Iterator[Subject]:
        """Keys and teams that have a budget or a balance."""
        for key in self._keyring.in_force():
            balance = balance_in_force(key, self._keyring.balances.get(key.name))
            credit = None if balance is None else Credit(balance.paid, balance.opened_s)
            if credit is not None or key.budget_usd is not None:
                yield Subject(f"key:{key.name}", key, credit)
        for team in list(self._keyring.teams.values()):
            if team.budget_usd is not None and not team.is_revoked:
                yield Subject(f"team:{team.name}", team)
