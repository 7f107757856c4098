"""SeaLink in one process, put together from its config."""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealink.access.credential import Changes as KeyChanges
from sealink.access.rejected_keys import RejectedKeys
from sealink.app.access import Access
from sealink.app.admin.admin_port import AdminPort
from sealink.app.admin.all_processes import AllProcesses
from sealink.app.admin.console import Control
from sealink.app.limits.recent_use import RecentUse
from sealink.app.limits.spending import SpentByLedger, reports_of
from sealink.app.listening.sockets import Sockets, base_url, open_public, origin
from sealink.app.providers import provider_of
from sealink.app.proxies import proxies_of_the_environment
from sealink.app.routes import router_of
from sealink.app.simulators import Simulators
from sealink.app.telemetry.gauges import (
    ProcessMetrics,
    connection_gauges,
    ledger_gauges,
    loop_gauge,
    refusal_counters,
    shared_gauge,
    target_gauge,
    waiting_gauge,
)
from sealink.app.webhooks import Webhooks
from sealink.catalog.prices import PriceRules, load_prices
from sealink.config import Config, ConfigError, ProviderConfig, rule_of, timeouts_of
from sealink.config.changes import Changes, changes, in_force
from sealink.config.environment import wants_accelerator
from sealink.console.backend import MAX_LISTED, Streams, TargetState
from sealink.console.endpoints import key_holder_endpoints
from sealink.documentation.endpoints import documentation_endpoints
from sealink.errors import UpstreamError
from sealink.gateway.admission import AdmissionControl, Gate
from sealink.gateway.delivery.finish_after_disconnect import Slots
from sealink.gateway.delivery.resume import StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.endpoints import CHAT_PATH, OPENAI_ERRORS, public_endpoints
from sealink.gateway.gates.advising import Advising
from sealink.gateway.gates.load_shedding import LoadShedding
from sealink.gateway.gates.request_limits import RequestLimits
from sealink.gateway.handlers.own_usage import KeyAccounts
from sealink.gateway.limits.enforcement import LimitEnforcement
from sealink.gateway.observers import Observers
from sealink.gateway.open_exchanges import OpenExchanges
from sealink.gateway.services import Services
from sealink.http import Dispatcher
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.ledger import Ledger
from sealink.ledger.settings import LedgerSettings
from sealink.limits.nodes.settings import COUNTS_ALONE
from sealink.limits.subjects import Subject
from sealink.net.client import UpstreamPool
from sealink.net.message import Pool
from sealink.net.server import CertificateError, Server, ServerTls
from sealink.net.siblings import Siblings
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.token_bucket import TokenBucket
from sealink.providers.provider import Provider
from sealink.recorder.pool import Recorder
from sealink.store.url import sqlite_file
from sealink.telemetry.content_log import ContentLog, ContentSettings
from sealink.telemetry.log_format import configure_logging
from sealink.telemetry.log_lines import LogLines
from sealink.telemetry.request_log import RequestLog
from sealink.telemetry.request_metrics import RequestMetrics
from sealink.wire.stream.plain_reads import use_accelerator

if TYPE_CHECKING:
    from sealink.app.telemetry.traces import Traces

log = logging.getLogger("sealink.app")

_FLUSH_S: Final = 2.0
"""How long the ledger may take to store what was settled, before the counters that nodes share are told of it."""
_SEGMENT_S: Final = 3600.0
"""How old a segment of the journal becomes before the next is begun."""
_RECOVER_S: Final = 5.0
"""How long the event loop may take to count what a process that died has not."""


def _with_version(public_url: str) -> str:
    """[server] public_url as clients are given it; "" where it is not set."""
    return f"{public_url.rstrip('/').removesuffix('/v1')}/v1" if public_url else ""


class App:
    """SeaLink in one process: the public port, the connections to upstreams, the simulated models it needs."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder | None = None,
        *,
        load: Callable[[], Config] | None = None,
        siblings: Path | None = None,
    ) -> None:
        """`load` reads the config again. `siblings` is the folder in which the processes of one SeaLink meet."""
        use_accelerator(wants_accelerator())
        self.config = config
        self._load_config = load or (lambda: config)
        self._siblings = Siblings(siblings, self._answer)
        self._providers: dict[str, Provider] = {}
        self._reloading = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._is_stopping = False
        self._pool = UpstreamPool(config.upstream, proxies=proxies_of_the_environment())
        self._upstreams: Pool = recorder.watch(self._pool) if recorder else self._pool
        self._metrics = RequestMetrics()
        self._log_lines = LogLines(sys.stderr, self._call_later)
        self._request_log = RequestLog(self._log_lines.write, config.log.format)
        self._content = ContentLog(Path(config.server.data_dir), _content_settings(config))
        self._simulators = Simulators(max_body_bytes=config.server.max_chat_bytes * 2)
        self._open = OpenExchanges()
        self._rejected_keys = RejectedKeys()
        self._access = Access(config, self._revoke)
        self._webhooks = Webhooks(config, self._access.keyring)
        journal = Path(config.store.journal)
        self._ledger = Ledger(config.store.url, journal, _ledger_settings(config), self._webhooks.open_table)
        turn = siblings / "admin" if siblings else None
        self._admin = AdminPort(config, self._access, self._control(), turn)
        self._limits = LimitEnforcement(
            Path(config.server.data_dir) / "counters",
            self._access.keyring,
            SpentByLedger(reports_of(config)),
            RecentUse(config.store.url),
            self._ledger.journal_name,
        )
        self._traces = _traces_of(config, self._pool)
        traced = [self._traces.observer] if self._traces is not None else []
        self._observers = Observers(
            self._ledger,
            self._metrics,
            self._request_log,
            self._limits,
            *traced,
            undo=self._limits.undo,
        )
        self._health = HealthBook(config.breaker, self._webhooks.target_changed)
        self._logs = StreamLogs(config.detach)
        self._retry_budget = TokenBucket(config.retry.budget_share)
        self._hedging = Hedging(config.hedge)
        self._finishing = Slots(config.drain.max_streams)
        self._unattended = Unattended(config.detach.max_bytes, config.detach.return_s)
        self._load_shedding = LoadShedding(
            max_requests=config.server.max_requests,
            max_loop_lag_s=config.server.max_loop_lag_s,
            under_way=lambda: self._metrics.open_requests,
        )
        self._server: Server | None = None
        self._tls = ServerTls.of(config.server.tls_cert, config.server.tls_key)
        self._watching: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None

    async def start(self, sockets: Sockets | None = None, *, with_admin: bool = False) -> str:
        """Listen on these sockets, or else at the addresses of the config; `with_admin` on the admin port too. Returns
        the base URL that clients are given, with the port that was really taken.

        Raises OSError if it cannot listen, StoreTooNew if a newer SeaLink has changed the store.
        """
        config = self.config
        await self._access.start()
        if config.shared.redis_url is not None:
            await self._limits.share(config.shared, partial(self._ledger.flush, _FLUSH_S))
        for provider in config.providers:
            self._providers[provider.name] = await self._provider(provider)
        public = self._public_port()
        self._keep_warm()
        self._server = Server(
            public.handle,
            limits=config.server,
            check_head=public.check_head,
            error_response=public.error_response,
            refuse=public.refuse,
        )
        given = sockets or Sockets()
        self._public = given.public or open_public(config.server)
        await self._server.start_on(self._public, self._tls)
        await self._siblings.start()
        if with_admin:
            self._admin.start(given.admin)
            self._webhooks.start()
        if self._tls is not None:
            self._watching = asyncio.create_task(self._tls.watch(config.server.tls_poll_s))
        self._finish_segment()
        self._load_shedding.lag.start(asyncio.get_running_loop())
        self._content.start(self._call_later)
        self._loading = asyncio.create_task(self._load())
        self.base_url = base_url(config.server, self._public)
        return self.base_url

    def sockets(self) -> Sockets:
        """What it listens on."""
        return Sockets(self._public, self._admin.sockets)

    async def loaded(self) -> None:
        """Wait until all that is loaded after the start is there."""
        if self._loading is not None:
            await self._loading

    async def stop(self, *, is_taken_over: bool = False) -> None:
        """Let open streams finish for up to `drain_s`, then end them, and give everything back. Where another process
        has taken over, nobody need notice."""
        self._is_stopping = not is_taken_over
        await self.loaded()
        if not is_taken_over:
            await self._notice()
        await self._admin.stop()
        await self._siblings.stop()
        if self._server is not None:
            await self._server.stop(self.config.server.drain_s)
        if self._watching is not None:
            self._watching.cancel()
        self._segment_timer.cancel()
        self._load_shedding.lag.stop()
        if self._traces is not None:
            await self._traces.close()
        await self._pool.close()
        await self._simulators.stop()
        await self._access.stop()
        await self._limits.close()
        await asyncio.to_thread(self._webhooks.stop)
        self._log_lines.close()
        await asyncio.to_thread(self._ledger.close)

    def _finish_segment(self) -> None:
        self._ledger.finish_segment()
        self._segment_timer = asyncio.get_running_loop().call_later(_SEGMENT_S, self._finish_segment)

    def hurry(self) -> None:
        """Wait no longer for open streams: end them now."""
        self._hurried.set()
        if self._server is not None:
            self._server.hurry()

    async def _notice(self) -> None:
        """Go on as before while load balancers notice that this process is not ready any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.server.drain_notice_s):
                await self._hurried.wait()

    def unready(self) -> list[str]:
        """Why new requests should go to another process; empty where they need not."""
        reasons = {
            "SeaLink is stopping.": self._is_stopping,
            "The ledger cannot be written, so every request is refused.": not self._ledger.can_write(),
            "No model is configured.": not self.config.models,
        }
        return [reason for reason, holds in reasons.items() if holds]

    def warnings(self) -> list[str]:
        """What operators should know of a process that takes requests."""
        shared = self.config.shared
        if shared.redis_url is None:
            return [] if sqlite_file(self.config.store.url) is not None else [f"{COUNTS_ALONE}."]
        away = self._limits.shared_away
        return [] if away is None else [f"Redis is away, this node counts {shared.local_share:g} of each limit: {away}"]

    async def reload(self) -> Changes:
        """Read the config again, and put it in force for new requests; an open stream keeps what it began with.

        Raises ConfigError, and everything is as it was.
        """
        async with self._reloading:
            running = self.config
            new = await asyncio.to_thread(self._load_config)
            await self._renew_certificates()
            config = in_force(running, new)
            known = {provider.name: provider for provider in running.providers}
            made = {
                provider.name: await self._provider(provider)
                for provider in config.providers
                if known.get(provider.name) != provider
            }
            await self._access.prepare(config)
            self.config = config  # all that may fail for what the file says is done
            self._providers |= made
            self._take_config(running)
            return changes(running, new)

    async def _renew_certificates(self) -> None:
        try:
            if self._tls is not None:
                await asyncio.to_thread(self._tls.reload)
            await self._admin.renew_certificate()
        except CertificateError as error:
            raise ConfigError(f"tls_cert: {error}") from error

    async def preview(self) -> Changes:
        """What a reload would change. Raises ConfigError."""
        return changes(self.config, await asyncio.to_thread(self._load_config))

    def _control(self) -> Control:
        processes = AllProcesses(self._siblings)
        return Control(
            metrics=processes.metrics,
            reload=processes.reload,
            preview=self.preview,
            streams=processes.streams,
            end_stream=processes.end_stream,
            targets=processes.targets,
            chat=lambda: self._chat,
            routes=lambda: router_of(self.config, self._providers).routes,
            config=lambda: self.config,
            base_url=lambda: _with_version(self.config.server.public_url) or self.base_url,
            used=self._used,
        )

    async def _recover(self, journal: str, admission: Admission | None, settlement: Settlement | None) -> None:
        if self._is_stopping:
            raise OSError("SeaLink stops")  # the journal is left to the next process
        self._limits.recover(journal, admission, settlement)

    async def _used(self, subject: Subject) -> dict[str, int] | None:
        return self._limits.used(subject)

    async def _answer(self, question: str) -> object:
        """What this process answers for itself, to itself or a sibling: see AllProcesses."""
        name, _, argument = question.partition(" ")
        match name:
            case "reload":
                return await self.reload()
            case "streams":
                streams = self._open.streams()
                return Streams(streams[:MAX_LISTED], len(streams), self._open.others)
            case "end":
                return self._open.end(argument)
            case "targets":
                return [TargetState(*each) for each in self._health.states(time.monotonic())]
        return self._process_metrics()

    def _process_metrics(self) -> ProcessMetrics:
        assert self._server is not None
        return ProcessMetrics(
            self._metrics,
            [
                target_gauge(self._health),
                *ledger_gauges(self._ledger.status()),
                *connection_gauges(self._server, self._pool),
                waiting_gauge(self._open.waiting),
                loop_gauge(self._load_shedding.lag),
                *refusal_counters(self._limits.refused, self._rejected_keys.total),
                *([self._traces.gauge()] if self._traces is not None else []),
                *self._webhooks.gauges(),
                *([shared_gauge(self._limits.shared_away)] if self.config.shared.redis_url is not None else []),
            ],
        )

    def _take_config(self, before: Config) -> None:
        """Put `self.config` in force."""
        config, server = self.config, self._server
        assert server is not None
        configure_logging(config.log.format, config.log.level)
        self._request_log.take_form(config.log.format)
        self._content.take_settings(_content_settings(config))
        self._access.configure(config)
        self._webhooks.configure(config)
        if self._traces is not None:
            self._traces.configure(config)
        if config.breaker != before.breaker:
            self._health = HealthBook(config.breaker, self._webhooks.target_changed)
        if config.retry != before.retry:
            self._retry_budget = TokenBucket(config.retry.budget_share)
        if config.hedge != before.hedge:
            self._hedging = Hedging(config.hedge)
        if config.drain != before.drain:
            self._finishing = Slots(config.drain.max_streams)
        self._load_shedding.take_limits(config.server.max_requests, config.server.max_loop_lag_s)
        public = self._public_port()
        server.serve(public.handle, public.check_head, public.error_response, public.refuse)
        self._keep_warm()

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
        loop = asyncio.get_running_loop()

        def recovered(journal: str, admission: Admission | None, settlement: Settlement | None) -> None:
            counting = self._recover(journal, admission, settlement)
            asyncio.run_coroutine_threadsafe(counting, loop).result(_RECOVER_S)

        self._ledger.when_recovered(recovered)
        self._ledger.start()

    def _public_port(self) -> Dispatcher:
        server, router = self.config.server, router_of(self.config, self._providers)
        limits = RequestLimits(max_messages=server.max_messages, max_tools=server.max_tools)
        prices = PriceRules(rule_of(price) for price in self.config.prices)
        self._limits.configure(self.config.limits, prices, router.route_of)
        gates: list[Gate] = [self._load_shedding, limits, self._limits, Advising()]
        begin_trace = self._traces.begin if self._traces is not None else None
        admission = AdmissionControl(
            self._access.keyring, router, self._observers, gates, begin_trace, self._rejected_keys
        )
        endpoints = public_endpoints(
            admission,
            self._services(prices),
            max_embeddings_bytes=server.max_embeddings_bytes,
            models_without_key=server.models_without_key,
            accounts=KeyAccounts(reports_of(self.config), self._limits),
            unready=self.unready,
            warnings=self.warnings,
            max_before_content_bytes=self.config.upstream.max_before_content_bytes,
        )
        default_url = origin(server, server.port)
        self._chat = next(each.handler for each in endpoints if each.path == CHAT_PATH)
        pages = key_holder_endpoints(_with_version(server.public_url)) if self.config.console.public else ()
        return Dispatcher(
            (*endpoints, *pages, *documentation_endpoints(server.public_url, default_url, OPENAI_ERRORS)),
            max_body_bytes=server.max_chat_bytes,
            max_keyless_body_bytes=server.max_keyless_body_bytes,
            cors_origins=server.cors_origins,
        )

    def _services(self, prices: PriceRules) -> Services:
        config = self.config
        return Services(
            pool=self._upstreams,
            observers=self._observers,
            health=self._health,
            logs=self._logs,
            retry=config.retry,
            retry_budget=self._retry_budget,
            hedging=self._hedging,
            heartbeat=config.heartbeat,
            finish=config.drain,
            finishing=self._finishing,
            unattended=self._unattended,
            prices=prices,
            open=self._open,
            content=self._content,
        )

    def _revoke(self, changed: KeyChanges) -> None:
        """Keys, or teams, were revoked with their open streams."""
        self._open.revoke(changed.ended_keys, changed.ended_teams)

    @staticmethod
    def _call_later(delay_s: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay_s, call)

    def _keep_warm(self) -> None:
        """Keep connections open to the providers that models lead to; simulated ones are on this machine. To those that
        are not configured any longer none is kept."""
        urls = [self._providers[provider.name].base_url for provider in self.config.providers]
        self._pool.retain([*urls, self.config.traces.endpoint])
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


def _ledger_settings(config: Config) -> LedgerSettings:
    return LedgerSettings(fsync=config.store.fsync, keep_days=config.store.keep_days)


def _traces_of(config: Config, pool: UpstreamPool) -> "Traces | None":
    """None where there is no collector: nothing is imported for it then."""
    if not config.traces.is_on:
        return None
    from sealink.app.telemetry.traces import Traces

    return Traces(config, pool)


def _content_settings(config: Config) -> ContentSettings:
    log = config.log
    return ContentSettings(log.content, log.redact, log.content_max_chars, log.content_keep_days)
