"""The one place that names concrete classes: a config becomes a running SeaLink."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from sealink.catalog.prices import load_prices
from sealink.catalog.tokens import vocabulary
from sealink.config import (
    Config,
    ModelConfig,
    ProviderConfig,
    ServerConfig,
    hedge_after_s_of,
    proxies_from,
    timeouts_of,
)
from sealink.errors import HeaderList, UpstreamError
from sealink.gateway.attempt import Pool
from sealink.gateway.call import Shared
from sealink.gateway.draining import Slots
from sealink.gateway.endpoints import ErrorBody, Gateway
from sealink.gateway.headers import JSON
from sealink.gateway.stream_log import StreamLogs
from sealink.ledger.ledger import Ledger
from sealink.ledger.settings import LedgerSettings
from sealink.net.serving import Server, ServerLimits
from sealink.net.upstream import UpstreamPool
from sealink.policy.allowance import Allowance
from sealink.policy.auth import ApiKey, Keyring, digest_of
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.routing import Route, Router, Target
from sealink.providers.vendor import Address, Provider
from sealink.recorder.pool import Recorder
from sealink.sim.handler import SimSettings, sim_handler
from sealink.wire.dialect import ClientDialect, CountingDialect, UpstreamDialect
from sealink.wire.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    gemini_generate,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from sealink.wire.embeddings import EmbeddingsUpstream
from sealink.wire.embeddings.cohere import CohereEmbeddings
from sealink.wire.embeddings.gemini import GeminiEmbeddings
from sealink.wire.embeddings.openai import OpenAIEmbeddings

UPSTREAM_DIALECTS: dict[str, UpstreamDialect] = {
    "openai": openai_chat.UPSTREAM,
    "anthropic": anthropic_messages.UPSTREAM,
    "bedrock": bedrock_converse.UPSTREAM,
    "cohere": cohere_chat.UPSTREAM,
    "gemini": gemini_generate.UPSTREAM,
    "ollama": ollama_chat.UPSTREAM,
    "responses": openai_responses.UPSTREAM,
}

UPSTREAMS_BY_ADDRESS: dict[str, Callable[[str], UpstreamDialect]] = {"gemini": gemini_generate.upstream_at}
"""Dialects whose paths depend on how much of them a provider's base URL says."""

RECORDED_AS = {
    "openai": "openai-chat",
    "anthropic": "anthropic-messages",
    "bedrock": "bedrock-converse",
    "cohere": "cohere-v2",
    "gemini": "gemini",
    "ollama": "ollama-chat",
    "responses": "openai-responses",
    "sim": "openai-chat",
}
"""The names of the wire formats in recordings."""

EMBEDDINGS: dict[str, EmbeddingsUpstream] = {
    "openai": OpenAIEmbeddings(),
    "responses": OpenAIEmbeddings(),
    "ollama": OpenAIEmbeddings("/v1/embeddings"),
    "gemini": GeminiEmbeddings(),
    "cohere": CohereEmbeddings(),
}
"""Which embeddings there are where a dialect is spoken."""

CLIENT_DIALECTS: dict[str, ClientDialect] = {
    "/v1/chat/completions": openai_chat.OpenAIChatClient(cousin=openai_responses.CLIENT),
    "/v1/responses": openai_responses.CLIENT,
    "/v1/messages": anthropic_messages.CLIENT,
    "/anthropic/v1/messages": anthropic_messages.CLIENT,
}
"""Which dialect is spoken on a path."""

COUNTERS: dict[str, CountingDialect] = {
    "/v1/messages/count_tokens": anthropic_messages.CLIENT,
    "/anthropic/v1/messages/count_tokens": anthropic_messages.CLIENT,
}
"""Where a request's tokens are counted."""

ERROR_BODIES: dict[str, ErrorBody] = {
    "/v1/messages": anthropic_messages.error_body,
    "/anthropic/": anthropic_messages.error_body,
    "": openai_chat.CLIENT.error_body,
}

_LOOPBACK = "127.0.0.1"


class App:
    """SeaLink in one process: the public port, the connections to upstreams, the simulated models it needs."""

    def __init__(self, config: Config, recorder: Recorder | None = None) -> None:
        self.config = config
        self._pool = UpstreamPool(proxies=proxies_from())
        self._upstreams: Pool = recorder.watch(self._pool) if recorder else self._pool
        self._ledger = Ledger(config.store.url, Path(config.store.journal), LedgerSettings(fsync=config.store.fsync))
        self._simulators: list[Server] = []
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
        self._warm_up = asyncio.get_running_loop().run_in_executor(None, vocabulary)
        return f"http://{_printable(config.server.host)}:{addresses[0][1]}/v1"

    async def stop(self) -> None:
        """Let open streams finish for up to `drain_s`, then end them, and give everything back."""
        if self._server is not None:
            await self._server.stop(self.config.server.drain_s)
        await self._pool.close()
        for simulator in self._simulators:
            await simulator.stop(0)
        await asyncio.to_thread(self._ledger.close)

    def _shared(self) -> Shared:
        config = self.config
        return Shared(
            pool=self._upstreams,
            ledger=self._ledger,
            health=HealthBook(config.breaker),
            logs=StreamLogs(config.detach),
            retry=config.retry,
            retry_allowance=Allowance(config.retry.budget_share),
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
            return await self._simulated(provider)
        dialect = provider.dialect_name or ""
        habits = provider.habits or Address(dialect, "")
        placement = provider.place()
        return Provider(
            name=provider.name,
            dialect=_spoken(dialect, provider.base_url, habits),
            base_url=provider.base_url,
            headers=[*habits.headers(provider.api_key), *_lower(provider.headers)],
            habits=habits,
            signer=placement.signer if placement else None,
            embeddings=EMBEDDINGS.get(dialect) if habits.embeddings is not None else None,
        )

    async def _simulated(self, provider: ProviderConfig) -> Provider:
        """A simulated model is an upstream like any other, on a loopback port of its own."""
        settings = SimSettings(ttft_s=provider.ttft_s, tokens_per_s=provider.tokens_per_s)
        simulator = Server(
            sim_handler(settings, "openai"),
            limits=ServerLimits(),
            body_limit=lambda path: self.config.server.max_chat_bytes * 2,
            error_response=lambda error, path: (JSON, openai_chat.CLIENT.error_body(error, "")),
        )
        self._simulators.append(simulator)
        addresses = await simulator.start(_LOOPBACK, 0)
        return Provider(
            name=provider.name,
            dialect=UPSTREAM_DIALECTS["openai"],
            base_url=f"http://{_LOOPBACK}:{addresses[0][1]}/v1",
            simulated=True,
        )


def _spoken(dialect: str, base_url: str, habits: Address) -> UpstreamDialect:
    """A dialect at an address: the version of Gemini's API may stand in either."""
    if habits.wants_thinking:
        return openai_chat.UPSTREAM_THAT_WANTS_THINKING
    at_address = UPSTREAMS_BY_ADDRESS.get(dialect)
    return UPSTREAM_DIALECTS[dialect] if at_address is None else at_address(base_url)


def keyring_of(config: Config) -> Keyring:
    """The keys of a config, hashed."""
    return Keyring(
        ApiKey(
            name=key.name,
            digest=digest_of(key.key),
            models=key.models,
            on_disconnect=key.on_disconnect,
            heartbeat=key.heartbeat,
            strict=key.strict,
        )
        for key in config.keys
    )


def router_of(config: Config, providers: dict[str, Provider]) -> Router:
    """The routes of a config, in its order."""
    settings = {provider.name: provider for provider in config.providers}

    def route(model: ModelConfig) -> Route:
        targets = (
            Target(
                provider=providers[target.provider],
                model=target.model,
                timeouts=timeouts_of(config, settings[target.provider], model),
                weight=target.weight,
            )
            for target in model.targets
        )
        return Route(
            model.id, tuple(targets), model.choose, model.on_disconnect, hedge_after_s=hedge_after_s_of(config, model)
        )

    return Router(map(route, config.models))


def _lower(headers: Mapping[str, str]) -> HeaderList:
    return [(name.lower(), value) for name, value in headers.items()]


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


def _printable(host: str) -> str:
    """A host as it stands in a URL that this machine can open."""
    if host in ("0.0.0.0", "::", ""):
        return _LOOPBACK
    return f"[{host}]" if ":" in host else host
