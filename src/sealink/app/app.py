"""SeaLink in one process, put together from its config."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from sealink.access.credential import Changes
from sealink.app.access import Access
from sealink.app.address import printable
from sealink.app.admin_port import AdminPort
from sealink.app.providers import provider_of
from sealink.app.proxies import proxies_of_the_environment
from sealink.app.routes import router_of
from sealink.app.simulators import Simulators
from sealink.catalog.prices import PriceRules, load_prices
from sealink.config import Config, ProviderConfig, rule_of, timeouts_of
from sealink.errors import UpstreamError
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.delivery.finish_after_disconnect import Slots
from sealink.gateway.delivery.resume import StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.endpoints import public_endpoints
from sealink.gateway.load_shedding import LoadShedding
from sealink.gateway.observers import Observers
from sealink.gateway.open_exchanges import OpenExchanges
from sealink.gateway.request_limits import RequestLimits
from sealink.gateway.services import Services
from sealink.http import Dispatcher
from sealink.ledger.ledger import Ledger
from sealink.ledger.settings import LedgerSettings
from sealink.net.client import UpstreamPool
from sealink.net.message import Pool
from sealink.net.server import Server
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.routing import Router
from sealink.policy.token_bucket import TokenBucket
from sealink.providers.provider import Provider
from sealink.recorder.pool import Recorder
from sealink.telemetry.log_lines import LogLines
from sealink.telemetry.request_log import RequestLog
from sealink.telemetry.request_metrics import RequestMetrics
from sealink.telemetry.target_log import log_target

log = logging.getLogger("sealink.app")


class App:
    """SeaLink in one process: the public port, the connections to upstreams, the simulated models it needs."""

    def __init__(self, config: Config, recorder: Recorder | None = None) -> None:
        self.config = config
        self._pool = UpstreamPool(config.upstream, proxies=proxies_of_the_environment())
        self._upstreams: Pool = recorder.watch(self._pool) if recorder else self._pool
        self._ledger = Ledger(config.store.url, Path(config.store.journal), LedgerSettings(fsync=config.store.fsync))
        self._metrics = RequestMetrics()
        self._log_lines = LogLines(sys.stderr, config.log.format, self._call_later)
        self._simulators = Simulators(max_body_bytes=config.server.max_chat_bytes * 2)
        self._open = OpenExchanges()
        self._access = Access(config, self._revoke)
        self._admin = AdminPort(config, self._access)
        self._observers = Observers(self._ledger, self._metrics, RequestLog(self._log_lines.write))
        self._load_shedding = LoadShedding(
            max_requests=config.server.max_requests,
            max_loop_lag_s=config.server.max_loop_lag_s,
            under_way=lambda: self._metrics.open_requests,
        )
        self._server: Server | None = None
        self._loading: asyncio.Task[None] | None = None

    async def start(self, *, reuse_port: bool = False, with_admin: bool = False) -> str:
        """Listen, `with_admin` on the admin port too. Returns the base URL that clients are given, with the port that
        was really taken.

        Raises OSError if it cannot listen, StoreTooNew if a newer SeaLink has changed the store.
        """
        config = self.config
        await self._access.start()
        providers = {provider.name: await self._provider(provider) for provider in config.providers}
        public = self._public_port(router_of(config, providers))
        self._keep_warm()
        self._server = Server(
            public.handle,
            limits=config.server,
            check_head=public.check_head,
            error_response=public.error_response,
            refuse=public.refuse,
        )
        addresses = await self._server.start(config.server.host, config.server.port, reuse_port=reuse_port)
        if with_admin:
            self._admin.start()
        self._load_shedding.start()
        self._loading = asyncio.create_task(self._load())
        return f"http://{printable(config.server.host)}:{addresses[0][1]}/v1"

    async def loaded(self) -> None:
        """Wait until all that is loaded after the start is there."""
        if self._loading is not None:
            await self._loading

    async def stop(self) -> None:
        """Let open streams finish for up to `drain_s`, then end them, and give everything back."""
        await self.loaded()
        await self._admin.stop()
        if self._server is not None:
            await self._server.stop(self.config.server.drain_s)
        self._load_shedding.stop()
        await self._pool.close()
        await self._simulators.stop()
        await self._access.stop()
        self._log_lines.close()
        await asyncio.to_thread(self._ledger.close)

    def hurry(self) -> None:
        """Wait no longer for open streams: end them now."""
        if self._server is not None:
            self._server.hurry()

    async def _load(self) -> None:
        """Import what no request waits for: the price list and SQLAlchemy, 0.3 s and 40 MiB, while SeaLink listens.

        Rows wait in the journal until then, and so does a request that is priced before. The tokenizer is loaded by
        the first request that needs it: see catalog/tokens.py.
        """
        try:
            await asyncio.to_thread(load_prices)
            await asyncio.to_thread(import_module, "sealink.ledger.requests_table")
        except (ImportError, OSError) as error:  # a start under full load may find no file descriptor left
            log.warning("loaded when it is needed, for now it cannot be: %s", error)
        self._ledger.start()

    def _public_port(self, router: Router) -> Dispatcher:
        server = self.config.server
        limits = RequestLimits(max_messages=server.max_messages, max_tools=server.max_tools)
        admission = AdmissionControl(self._access.keyring, router, self._observers, [self._load_shedding, limits])
        endpoints = public_endpoints(
            admission,
            self._services(),
            max_embeddings_bytes=server.max_embeddings_bytes,
            models_without_key=server.models_without_key,
            max_before_content_bytes=self.config.upstream.max_before_content_bytes,
        )
        return Dispatcher(
            endpoints,
            max_body_bytes=server.max_chat_bytes,
            max_keyless_body_bytes=server.max_keyless_body_bytes,
            cors_origins=server.cors_origins,
        )

    def _services(self) -> Services:
        config = self.config
        return Services(
            pool=self._upstreams,
            observers=self._observers,
            health=HealthBook(config.breaker, log_target),
            logs=StreamLogs(config.detach),
            retry=config.retry,
            retry_budget=TokenBucket(config.retry.budget_share),
            hedging=Hedging(config.hedge),
            heartbeat=config.heartbeat,
            finish=config.drain,
            finishing=Slots(config.drain.max_streams),
            unattended=Unattended(config.detach.max_bytes, config.detach.return_s),
            prices=PriceRules(rule_of(price) for price in config.prices),
            open=self._open,
        )

    def _revoke(self, changes: Changes) -> None:
        """Keys, or teams, were revoked with their open streams."""
        self._open.revoke(changes.ended_keys, changes.ended_teams)

    @staticmethod
    def _call_later(delay_s: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay_s, call)

    def _keep_warm(self) -> None:
        """Keep connections open to the providers that models lead to; simulated ones are on this machine."""
        used = {target.provider for model in self.config.models for target in model.targets}
        for provider in self.config.providers:
            if provider.name in used and provider.dialect_name != "sim":
                connect_s = timeouts_of(self.config, provider).connect_s
                with contextlib.suppress(UpstreamError):  # not an address: the first request gets the error
                    self._pool.keep_warm(provider.base_url, provider.warm_connections, connect_s=connect_s)

    async def _provider(self, provider: ProviderConfig) -> Provider:
        if provider.dialect_name == "sim":
            return await self._simulators.start(provider)
        return provider_of(provider)
