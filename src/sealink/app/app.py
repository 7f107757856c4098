"""SeaLink in one process, put together from its config."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from sealink.app.dialects import CLIENT_DIALECTS, COUNTERS, ERROR_BODIES
from sealink.app.providers import provider_of
from sealink.app.routes import keyring_of, router_of
from sealink.app.simulators import LOOPBACK, Simulators
from sealink.catalog.prices import load_prices
from sealink.config import Config, ProviderConfig, ServerConfig, proxies_from, timeouts_of
from sealink.errors import UpstreamError
from sealink.gateway.attempt import Pool
from sealink.gateway.call import Services
from sealink.gateway.draining import Slots
from sealink.gateway.endpoints import Gateway
from sealink.gateway.stream_log import StreamLogs
from sealink.ledger.ledger import Ledger
from sealink.ledger.settings import LedgerSettings
from sealink.net.client import UpstreamPool
from sealink.net.server import Server, ServerLimits
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.token_bucket import TokenBucket
from sealink.providers.provider import Provider
from sealink.recorder.pool import Recorder


class App:
    """SeaLink in one process: the public port, the connections to upstreams, the simulated models it needs."""

    def __init__(self, config: Config, recorder: Recorder | None = None) -> None:
        self.config = config
        self._pool = UpstreamPool(proxies=proxies_from())
        self._upstreams: Pool = recorder.watch(self._pool) if recorder else self._pool
        self._ledger = Ledger(config.store.url, Path(config.store.journal), LedgerSettings(fsync=config.store.fsync))
        self._simulators = Simulators(max_body_bytes=config.server.max_chat_bytes * 2)
        self._server: Server | None = None

    async def start(self, *, reuse_port: bool = False) -> str:
        """Listen. Returns the base URL that clients are given, with the port that was really taken."""
        config = self.config
        load_prices()
        providers = {provider.name: await self._provider(provider) for provider in config.providers}
        gateway = Gateway(
            clients=CLIENT_DIALECTS,
            counters=COUNTERS,
            error_bodies=ERROR_BODIES,
            keyring=keyring_of(config),
            router=router_of(config, providers),
            shared=self._shared(),
            cors_origins=config.server.cors_origins,
        )
        self._keep_warm()
        self._server = Server(
            gateway.handle,
            limits=_server_limits(config.server),
            body_limit=_body_limit(config.server),
            error_response=gateway.error_answer,
        )
        addresses = await self._server.start(config.server.host, config.server.port, reuse_port=reuse_port)
        self._ledger.start()
        return f"http://{printable(config.server.host)}:{addresses[0][1]}/v1"

    async def stop(self) -> None:
        """Let open streams finish for up to `drain_s`, then end them, and give everything back."""
        if self._server is not None:
            await self._server.stop(self.config.server.drain_s)
        await self._pool.close()
        await self._simulators.stop()
        await asyncio.to_thread(self._ledger.close)

    def hurry(self) -> None:
        """Wait no longer for open streams: end them now."""
        if self._server is not None:
            self._server.hurry()

    def _shared(self) -> Services:
        config = self.config
        return Services(
            pool=self._upstreams,
            ledger=self._ledger,
            health=HealthBook(config.breaker),
            logs=StreamLogs(config.detach),
            retry=config.retry,
            retry_budget=TokenBucket(config.retry.budget_share),
            hedging=Hedging(config.hedge),
            heartbeat=config.heartbeat,
            drain=config.drain,
            drains=Slots(config.drain.max_streams),
        )

    def _keep_warm(self) -> None:
        """Let connections stand ready to the providers that models lead to; the simulated ones are near enough."""
        used = {target.provider for model in self.config.models for target in model.targets}
        for provider in self.config.providers:
            if provider.name in used and provider.dialect_name != "sim":
                connect_s = timeouts_of(self.config, provider).connect_s
                with contextlib.suppress(UpstreamError):  # no address: the first request is told so
                    self._pool.keep_warm(provider.base_url, provider.warm_connections, connect_s=connect_s)

    async def _provider(self, provider: ProviderConfig) -> Provider:
        if provider.dialect_name == "sim":
            return await self._simulators.start(provider)
        return provider_of(provider)


def _server_limits(server: ServerConfig) -> ServerLimits:
    return ServerLimits(
        max_header_bytes=server.max_header_bytes,
        request_timeout_s=server.request_timeout_s,
        keep_alive_s=server.keep_alive_s,
        max_unsent_bytes=server.max_unsent_bytes,
        send_timeout_s=server.slow_client_s,
    )


def _body_limit(server: ServerConfig) -> Callable[[str], int]:
    return lambda path: server.max_embeddings_bytes if path == "/v1/embeddings" else server.max_chat_bytes


def printable(host: str) -> str:
    """A host as it stands in a URL that this machine can open."""
    if host in ("0.0.0.0", "::", ""):
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
