"""What may stand in sealink.toml: its tables as frozen structs. A field's docstring is its documentation."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from sealink.access.keys import KeyRules
from sealink.amounts import Count, Delay, Port, Seconds, Size, Weight
from sealink.config.environment import VARIABLES
from sealink.gateway.draining import DrainSettings
from sealink.gateway.heartbeat import HeartbeatSettings
from sealink.gateway.stream_log import DetachSettings
from sealink.policy.breaker import BreakerSettings
from sealink.policy.hedging import HedgeSettings
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import Choice, OnDisconnect
from sealink.providers import VENDORS
from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.resolve import ResolvedProvider, place

Dialect = Literal["openai", "anthropic", "bedrock", "cohere", "gemini", "ollama", "responses", "sim"]

_NOT_YET = ("requests_per_minute", "tokens_per_minute", "concurrent_streams", "budget_usd", "budget_period")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of sealink.toml. An unknown key is a mistake, told by name."""


class ServerConfig(Section, frozen=True, kw_only=True):
    """[server]: where to listen, and the limits on what comes in."""

    host: str = "127.0.0.1"
    port: Port = 4000
    cors_origins: tuple[str, ...] = ("*",)
    """Origins whose pages may call SeaLink from a browser; `*` for all (a key is needed all the same)."""
    max_header_bytes: Size = 32 * 1024
    max_chat_bytes: Size = 10 * 1024 * 1024
    max_embeddings_bytes: Size = 1024 * 1024
    request_timeout_s: Seconds = 60.0
    """A request must have arrived whole this long after its first byte."""
    keep_alive_s: Seconds = 75.0
    max_unsent_bytes: Size = 256 * 1024
    """Bytes that may wait for a slow client before its upstream is no longer read."""
    slow_client_s: Seconds = 60.0
    """How long a client may take nothing of what it is owed before its stream is ended."""
    drain_s: Delay = 30.0
    """How long open streams may go on after SIGTERM."""


class AdminConfig(Section, frozen=True, kw_only=True):
    """[admin]: the port of the console and the admin API."""

    host: str = "127.0.0.1"
    port: Port = 4001


class TimeoutsConfig(Section, frozen=True, kw_only=True):
    """[timeouts]: the four timers of an exchange; what is not said here is taken from further out."""

    connect_s: Seconds | None = None
    first_content_s: Seconds | None = None
    idle_s: Seconds | None = None
    total_s: Seconds | None = None


class Timed(TimeoutsConfig, frozen=True, kw_only=True):
    """A table in which the four timers may stand, as keys of their own or as a table `timeouts`."""

    timeouts: TimeoutsConfig = TimeoutsConfig()


class ProviderConfig(Timed, frozen=True, kw_only=True):
    """[[providers]]: a vendor known by name, or any other with its dialect and address."""

    name: str
    vendor: str = ""
    """The known vendor that this is, where its name is another: for a second key or region, say."""
    dialect: Dialect | None = None
    """Default: the vendor's first."""
    base_url: str = ""
    api_key: str = ""
    """Default: the vendor's usual environment variable, if requests go to the vendor's own address."""
    headers: dict[str, str] = {}
    """Sent with each request besides the key's: an organisation, a project, what a gateway wants to be told."""
    region: str = ""
    """For clouds, as `project`, `profile` and `credentials`; the vendors' usual environment variables say them too."""
    project: str = ""
    profile: str = ""
    """Of AWS's configuration files."""
    credentials: str = ""
    """The file of a Google Cloud service account; default: what the machine has."""
    resource: str = ""
    """The name of an Azure resource."""
    account: str = ""
    """A Snowflake account's identifier."""
    warm_connections: Count = 1
    """Unused connections that are kept open, so that a request need not wait for DNS, TCP and TLS. 0: none."""
    ttft_s: Delay = 0.2
    """For dialect "sim": seconds until the first token."""
    tokens_per_s: Delay = 60.0
    """For dialect "sim": the pace; 0 is as fast as possible."""

    @property
    def known(self) -> Vendor | None:
        """What is known of the vendor."""
        return VENDORS.get(self.vendor or self.name)

    @property
    def vendor_profile(self) -> Profile | None:
        """How the vendor speaks the dialect."""
        return self.known.profile(self.dialect) if self.known else None

    @property
    def dialect_name(self) -> str | None:
        return self.dialect or (self.vendor_profile.dialect if self.vendor_profile else None)

    @property
    def address(self) -> str | None:
        return self.base_url or None

    def place(self, variables: Mapping[str, str] = VARIABLES) -> ResolvedProvider | None:
        """Where a known vendor is reached; None for others. Raises UnresolvedProvider or SignerUnavailable."""
        if self.known is None or self.vendor_profile is None:
            return None
        given = {name: str(getattr(self, name)) for name in self.known.settings}
        return place(
            self.known,
            self.vendor_profile,
            base_url=self.base_url,
            api_key=self.api_key,
            given=given,
            variables=variables,
        )


class TargetConfig(Section, frozen=True, kw_only=True):
    """One entry of a model's `targets`."""

    provider: str
    model: str
    weight: Weight = 1.0
    """Its share of the requests, where the model's `choose` is "weighted"."""


class ModelConfig(Timed, frozen=True, kw_only=True):
    """[[models]]: a name that clients use, and where it leads."""

    id: str
    targets: tuple[TargetConfig, ...]
    choose: Choice = "in_order"
    """Which target is tried first: "in_order", "weighted" or "lowest_ttft". The others follow when it fails."""
    on_disconnect: OnDisconnect | None = None
    hedge_after_s: Delay | None = None
    """[hedge] `after_s` for this model: seconds without content until the next target is started beside; 0: never."""


class KeyConfig(KeyRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[[keys]]: a key that clients use."""

    name: str
    key: str


class StoreConfig(Section, frozen=True, kw_only=True):
    """[store]: where usage is kept."""

    url: str = "sqlite:///sealink.db"
    """sqlite:///… or postgresql://…; a file's path starts from the config's folder unless it is absolute."""
    journal: str = ""
    """The folder of what is on its way to the store. Default: the database's name and `.journal`, beside it or,
    for PostgreSQL, beside the config."""
    fsync: bool = False
    """Make what is written to the journal outlive a loss of power too, and wait for the disk with each request."""


class SharedConfig(Section, frozen=True, kw_only=True):
    """[shared]: what several nodes share."""

    redis_url: str | None = None


class Config(Section, frozen=True, kw_only=True):
    """A whole sealink.toml."""

    server: ServerConfig = ServerConfig()
    admin: AdminConfig = AdminConfig()
    providers: tuple[ProviderConfig, ...] = ()
    models: tuple[ModelConfig, ...] = ()
    keys: tuple[KeyConfig, ...] = ()
    timeouts: TimeoutsConfig = TimeoutsConfig()
    retry: RetrySettings = RetrySettings()
    hedge: HedgeSettings = HedgeSettings()
    breaker: BreakerSettings = BreakerSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    drain: DrainSettings = DrainSettings()
    detach: DetachSettings = DetachSettings()
    store: StoreConfig = StoreConfig()
    shared: SharedConfig = SharedConfig()

    @property
    def unenforced(self) -> list[str]:
        """Settings that this version reads and does not act on yet; `serve` and `check` say so."""
        names = [
            f"keys[{index}].{field}"
            for index, key in enumerate(self.keys)
            for field in _NOT_YET
            if getattr(key, field) is not None
        ]
        return names + (["shared.redis_url"] if self.shared.redis_url else [])
