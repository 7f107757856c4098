"""The gateway of a running SeaLink: what takes requests at the public port, by the config that is in force."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sealink.access.credential import Changes as KeyChanges
from sealink.access.keyring import Keyring
from sealink.access.rejected_keys import RejectedKeys
from sealink.app.limits.recent_use import RecentUse
from sealink.app.limits.spending import SpentByLedger, reports_of
from sealink.app.listening.sockets import origin, with_version
from sealink.app.routes import router_of
from sealink.app.telemetry.request_telemetry import RequestTelemetry
from sealink.catalog.prices import PriceRules
from sealink.config import Config, rule_of
from sealink.console.endpoints import key_holder_endpoints
from sealink.documentation.endpoints import documentation_endpoints
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.delivery.finish_after_disconnect import Slots
from sealink.gateway.delivery.resume import StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.endpoints import CHAT_PATH, OPENAI_ERRORS, public_endpoints
from sealink.gateway.gate import Gate
from sealink.gateway.gates.advising import Advising
from sealink.gateway.gates.load_shedding import LoadShedding
from sealink.gateway.gates.request_limits import RequestLimits
from sealink.gateway.handlers.own_usage import KeyAccounts
from sealink.gateway.limits.enforcement import LimitEnforcement
from sealink.gateway.observers import Observers
from sealink.gateway.open_exchanges import OpenExchanges
from sealink.gateway.services import Services
from sealink.http import Dispatcher, Handler
from sealink.ledger.ledger import Ledger
from sealink.net.message import Pool
from sealink.policy.breaker import BreakerChange
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.token_bucket import TokenBucket
from sealink.providers.provider import Provider


class Surroundings(NamedTuple):
    """What a gateway works with: `keys`, where requests are written down and observed, the `pool` of connections to
    providers; and what is told when a target goes down or comes up."""

    keys: Keyring
    ledger: Ledger
    telemetry: RequestTelemetry
    pool: Pool
    target_changed: Callable[[str, str, BreakerChange], None]


class Gateway:
    """What requests share: it outlives a config, but for what a newer one sets otherwise. `unready` says why requests
    should go elsewhere, `warnings` what operators should know."""

    chat: Handler
    """Handles chat completions in this process, once `serve` was called."""

    def __init__(
        self,
        config: Config,
        surroundings: Surroundings,
        unready: Callable[[], list[str]],
        warnings: Callable[[], list[str]],
    ) -> None:
        self._config = config
        self._surroundings = surroundings
        self._unready = unready
        self._warnings = warnings
        self.open = OpenExchanges()
        self.rejected_keys = RejectedKeys()
        self.limits = LimitEnforcement(
            Path(config.server.data_dir) / "counters",
            surroundings.keys,
            SpentByLedger(reports_of(config)),
            RecentUse(config.store.url),
            surroundings.ledger.journal_name,
        )
        self._observers = Observers(
            surroundings.ledger, *surroundings.telemetry.observers, self.limits, undo=self.limits.undo
        )
        self.health = HealthBook(config.breaker, surroundings.target_changed)
        self._logs = StreamLogs(config.detach)
        self._retry_budget = TokenBucket(config.retry.budget_share)
        self._hedging = Hedging(config.hedge)
        self._finishing = Slots(config.drain.max_streams)
        self._unattended = Unattended(config.detach.max_bytes, config.detach.return_s)
        self.load_shedding = LoadShedding(
            max_requests=config.server.max_requests,
            max_loop_lag_s=config.server.max_loop_lag_s,
            under_way=lambda: surroundings.telemetry.metrics.open_requests + len(self.limits.queue),
        )

    def configure(self, config: Config) -> None:
        """Put a newer config in force. What open streams share with new ones is made anew only where it differs."""
        before, self._config = self._config, config
        if config.breaker != before.breaker:
            self.health = HealthBook(config.breaker, self._surroundings.target_changed)
        if config.retry != before.retry:
            self._retry_budget = TokenBucket(config.retry.budget_share)
        if config.hedge != before.hedge:
            self._hedging = Hedging(config.hedge)
        if config.drain != before.drain:
            self._finishing = Slots(config.drain.max_streams)
        self.load_shedding.take_limits(config.server.max_requests, config.server.max_loop_lag_s)

    def keys_changed(self, changed: KeyChanges) -> None:
        """Some may have been revoked, with their open streams or without."""
        if changed.ended_keys or changed.ended_teams:
            self.open.revoke(changed.ended_keys, changed.ended_teams)
        self.limits.keys_changed()

    def public_port(self, providers: dict[str, Provider]) -> Dispatcher:
        """All endpoints of the public port, by the config in force."""
        config, server = self._config, self._config.server
        router, prices = router_of(config, providers), PriceRules(rule_of(price) for price in config.prices)
        self.limits.configure(config.limits, prices, router)
        sizes = RequestLimits(max_messages=server.max_messages, max_tools=server.max_tools)
        gates: list[Gate] = [self.load_shedding, sizes, Advising(), self.limits]
        admission = AdmissionControl(
            self._surroundings.keys,
            router,
            self._observers,
            gates,
            self._surroundings.telemetry.begin_trace,
            self.rejected_keys,
        )
        endpoints = public_endpoints(
            admission,
            self._services(prices),
            max_embeddings_bytes=server.max_embeddings_bytes,
            models_without_key=server.models_without_key,
            accounts=KeyAccounts(reports_of(config), self.limits),
            unready=self._unready,
            warnings=self._warnings,
            max_before_content_bytes=config.upstream.max_before_content_bytes,
        )
        default_url = origin(server, server.port)
        self.chat = next(each.handler for each in endpoints if each.path == CHAT_PATH)
        pages = key_holder_endpoints(with_version(server.public_url)) if config.console.public else ()
        return Dispatcher(
            (*endpoints, *pages, *documentation_endpoints(server.public_url, default_url, OPENAI_ERRORS)),
            max_body_bytes=server.max_chat_bytes,
            max_keyless_body_bytes=server.max_keyless_body_bytes,
            cors_origins=server.cors_origins,
        )

    def _services(self, prices: PriceRules) -> Services:
        config = self._config
        return Services(
            pool=self._surroundings.pool,
            observers=self._observers,
            health=self.health,
            logs=self._logs,
            retry=config.retry,
            retry_budget=self._retry_budget,
            hedging=self._hedging,
            heartbeat=config.heartbeat,
            finish=config.drain,
            finishing=self._finishing,
            unattended=self._unattended,
            prices=prices,
            open=self.open,
            content=self._surroundings.telemetry.content,
        )
