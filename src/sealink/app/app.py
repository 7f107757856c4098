"""SeaLink in one process, put together from its config."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec

from sealink.access.credential import Changes as KeyChanges
from sealink.admin.shapes import TargetState
from sealink.app.access import Access
from sealink.app.admin.admin_port import AdminPort
from sealink.app.admin.all_processes import AllProcesses
from sealink.app.admin.console import Control
from sealink.app.gateway import Gateway, Surroundings
from sealink.app.listening.sockets import Sockets, base_url, open_public, with_version
from sealink.app.providers import Providers
from sealink.app.proxies import proxies_of_the_environment
from sealink.app.routes import router_of
from sealink.app.simulators import Simulators
from sealink.app.telemetry.gauges import (
    ProcessMetrics,
    connection_gauges,
    ledger_gauges,
    loop_gauge,
    queue_gauge,
    refusal_counters,
    shared_gauge,
    target_gauge,
    waiting_gauge,
)
from sealink.app.telemetry.request_telemetry import RequestTelemetry
from sealink.app.webhooks import Webhooks
from sealink.app.workers.shared_config import SharedConfig
from sealink.catalog.prices import load_prices
from sealink.config import Config, ConfigError
from sealink.config.changes import Changes, changes, in_force
from sealink.config.environment import wants_accelerator
from sealink.console.backend import MAX_LISTED, Streams
from sealink.gateway.open_exchanges import RowLength
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.ledger import Ledger
from sealink.ledger.settings import LedgerSettings
from sealink.limits import plain_slots
from sealink.limits.nodes.settings import COUNTS_ALONE
from sealink.limits.subjects import Subject
from sealink.net.client import UpstreamPool
from sealink.net.server import CertificateError, Server, ServerTls
from sealink.net.siblings import Siblings
from sealink.providers.provider import Provider
from sealink.recorder.pool import Recorder
from sealink.store.url import sqlite_file
from sealink.telemetry import layout
from sealink.wire.stream import plain_reads

log = logging.getLogger("sealink.app")

_FLUSH_S: Final = 2.0
"""How long the ledger may take to store what was settled, before the counters that nodes share are told of it."""
_SEGMENT_S: Final = 3600.0
"""How old a segment of the journal becomes before the next is begun."""
_RECOVER_S: Final = 5.0
"""How long the event loop may take to count what a process that died has not."""


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
        for accelerated in (plain_reads, plain_slots, layout):
            accelerated.use_accelerator(wants_accelerator())
        self.config = config
        self._load_config = load or (lambda: config)
        self._siblings = Siblings(siblings, self._answer)
        self._shared_config = SharedConfig(siblings)
        self._reloading = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._is_stopping = False
        self._pool = UpstreamPool(config.upstream, proxies=proxies_of_the_environment())
        self._simulators = Simulators(max_body_bytes=config.server.max_chat_bytes * 2)
        self._providers = Providers(self._pool, self._simulators)
        self._telemetry = RequestTelemetry(config, self._pool)
        self._access = Access(config, self._keys_changed)
        self._webhooks = Webhooks(config, self._access.keyring)
        journal = Path(config.store.journal)
        self._ledger = Ledger(config.store.url, journal, _ledger_settings(config), self._webhooks.open_table)
        self._admin = AdminPort(config, self._access, self._control(), siblings / "admin" if siblings else None)
        surroundings = Surroundings(
            self._access.keyring,
            self._ledger,
            self._telemetry,
            recorder.watch(self._pool) if recorder else self._pool,
            self._webhooks.target_changed,
        )
        self._gateway = Gateway(config, surroundings, self.unready, self.warnings)
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
            await self._gateway.limits.share(config.shared, partial(self._ledger.flush, _FLUSH_S))
        self._providers.configure(config, await self._providers.made(config))
        public = self._gateway.public_port(self._providers.by_name)
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
        self._gateway.load_shedding.lag.start(asyncio.get_running_loop())
        self._telemetry.start()
        self._loading = asyncio.create_task(self._load())
        self.base_url = base_url(config.server, self._public)
        return self.base_url

    def sockets(self) -> Sockets:
        """What it listens on."""
        return Sockets(self._public, self._admin.sockets)

    @property
    def open_requests(self) -> int:
        """Requests for models that are under way."""
        return self._telemetry.metrics.open_requests

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
        self._gateway.load_shedding.lag.stop()
        await self._telemetry.export()
        await self._pool.close()
        await self._simulators.stop()
        await self._access.stop()
        await self._gateway.limits.close()
        await asyncio.to_thread(self._webhooks.stop)
        self._telemetry.close()
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
        away = self._gateway.limits.shared_away
        return [] if away is None else [f"Redis is away, this node counts {shared.local_share:g} of each limit: {away}"]

    async def reload(self) -> Changes:
        """Read the config again, and put it in force for new requests; an open stream keeps what it began with.

        Raises ConfigError, and everything is as it was.
        """
        async with self._reloading:
            found = await self._take(await asyncio.to_thread(self._load_config))
            try:
                await asyncio.to_thread(self._shared_config.keep, self.config)
            except OSError as error:
                log.error("A worker that is started later will not have this config: %s", error)
            return found

    async def follow_siblings(self) -> None:
        """Put in force what they have reloaded while this process started. Raises ConfigError."""
        async with self._reloading:
            newest = await asyncio.to_thread(self._shared_config.newest)
            if newest is not None and newest != self.config:
                await self._take(newest)

    async def _take(self, new: Config) -> Changes:
        running = self.config
        await self._renew_certificates()
        config = in_force(running, new)
        made = await self._providers.made(config, running)
        await self._access.prepare(config)
        self.config = config  # all that may fail for what the file says is done
        self._put_in_force(made)
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
        processes = AllProcesses(self._siblings, self._live)
        return Control(
            metrics=processes.metrics,
            reload=processes.reload,
            preview=self.preview,
            streams=processes.streams,
            live=processes.live,
            end_stream=processes.end_stream,
            targets=processes.targets,
            chat=lambda: self._gateway.chat,
            routes=lambda: router_of(self.config, self._providers.by_name).routes,
            config=lambda: self.config,
            base_url=lambda: with_version(self.config.server.public_url) or self.base_url,
            used=self._used,
        )

    async def _recover(self, journal: str, admission: Admission | None, settlement: Settlement | None) -> None:
        if self._is_stopping:
            raise OSError("SeaLink stops")  # the journal is left to the next process
        self._gateway.limits.recover(journal, admission, settlement)

    async def _used(self, subject: Subject) -> dict[str, int] | None:
        return (await self._gateway.limits.used([subject]))[0]

    async def _answer(self, question: str) -> object:
        """What this process answers for itself, to itself or a sibling: see AllProcesses."""
        name, _, argument = question.partition(" ")
        match name:
            case "reload":
                return await self.reload()
            case "streams":
                listed, streams = self._gateway.open.streams(MAX_LISTED)
                return Streams(listed, streams, len(self._gateway.open) - streams)
            case "live":
                return self._live("whole" if argument == "whole" else "short")
            case "end":
                return self._gateway.open.end(argument)
            case "targets":
                return [TargetState(*each) for each in self._gateway.health.states(time.monotonic())]
        return self._process_metrics()

    def _live(self, length: RowLength) -> bytes:
        """What the page of open streams is told of this process."""
        rows, streams = self._gateway.open.rows(MAX_LISTED, length)
        now = asyncio.get_running_loop().time()
        return msgspec.json.encode((streams, len(self._gateway.open) - streams, now, rows))

    def _process_metrics(self) -> ProcessMetrics:
        assert self._server is not None
        return ProcessMetrics(
            self._telemetry.metrics,
            [
                target_gauge(self._gateway.health),
                *ledger_gauges(self._ledger.status()),
                *connection_gauges(self._server, self._pool),
                waiting_gauge(self._gateway.open.waiting),
                queue_gauge(self._gateway.limits.queue.waiting),
                loop_gauge(self._gateway.load_shedding.lag),
                *refusal_counters(self._gateway.limits.refused, self._gateway.rejected_keys.total),
                *self._telemetry.gauges,
                *self._webhooks.gauges(),
                *([shared_gauge(self._gateway.limits.shared_away)] if self.config.shared.redis_url is not None else []),
            ],
        )

    def _put_in_force(self, made: dict[str, Provider]) -> None:
        """Put `self.config` in force, with providers that were made for it."""
        config, server = self.config, self._server
        assert server is not None
        self._telemetry.configure(config)
        self._access.configure(config)
        self._webhooks.configure(config)
        self._gateway.configure(config)
        self._providers.configure(config, made)
        public = self._gateway.public_port(self._providers.by_name)
        server.serve(public.handle, public.check_head, public.error_response, public.refuse)

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

    def _keys_changed(self, changed: KeyChanges) -> None:
        self._gateway.keys_changed(changed)


def _ledger_settings(config: Config) -> LedgerSettings:
    return LedgerSettings(fsync=config.store.fsync, keep_days=config.store.keep_days)
