"""The tables of sealink.toml as frozen structs. A field's docstring is its documentation.

A table that configures one piece of code is declared beside that code (`…Settings`, `…Limits`).
"""

from typing import Literal

import msgspec

from sealink.access.keys import KeyRules, TeamRules, fields_of
from sealink.amounts import Count, Delay, FileMode, Markup, Port, Seconds, Size, Usd, UsdRate, Weight
from sealink.console.oidc.settings import OidcSettings
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import DetachSettings
from sealink.gateway.limits.settings import LimitSettings
from sealink.limits.nodes.settings import SharedSettings
from sealink.net.client.limits import UpstreamLimits
from sealink.net.server.limits import ServerLimits
from sealink.policy.breaker import BreakerSettings
from sealink.policy.budgets import BudgetPeriod
from sealink.policy.hedging import HedgeSettings
from sealink.policy.limits import UsageLimits
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import Choice, OnDisconnect
from sealink.providers import VENDORS
from sealink.providers.profile import OWN_VENDORS, Profile
from sealink.providers.vendor import Vendor
from sealink.telemetry.log_format import LogFormat, LogLevel
from sealink.telemetry.traces.settings import TraceSettings
from sealink.webhooks.settings import WebhookSettings

Dialect = Literal["openai", "anthropic", "bedrock", "cohere", "gemini", "ollama", "responses", "sim"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of sealink.toml. An unknown key in it is a mistake."""


class ServerConfig(ServerLimits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[server]: where to listen, and the limits on what clients send and take."""

    host: str = "127.0.0.1"
    """The address to listen on: `0.0.0.0` for all of IPv4, `::` for all of IPv6, empty for both."""
    port: Port = 4000
    """0 takes a free one."""
    unix_socket: str = ""
    """The path of a Unix socket to listen on instead of `host` and `port`. One that nobody listens on any more is
    replaced."""
    unix_socket_mode: FileMode = "0666"
    """Who may connect to the Unix socket: the mode of its file."""
    tls_cert: str = ""
    """The PEM file of the certificate, with its chain: with `tls_key`, connections are made by TLS (HTTPS). It is read
    again when it changes."""
    tls_key: str = ""
    """The PEM file of the certificate's private key, not encrypted."""
    tls_poll_s: Seconds = 5.0
    """How often the two files are looked at."""
    data_dir: str = "."
    """The folder of what SeaLink keeps: the database, the journal, the key of a run without one (`dev-key`), the token
    of the admin API (`admin-token`). It starts from the config's folder, and is made if it is not there."""
    public_url: str = ""
    """The address under which clients reach this port, as in `https://llm.example.com`: the documentation shows it in
    its examples. Empty: the one that the reader has come by."""
    models_without_key: bool = True
    """Whether GET /v1/models answers without a key, with all models. With a key it lists those that the key may use."""
    cors_origins: tuple[str, ...] = ("*",)
    """Origins whose pages may call SeaLink from a browser; `*` for all (a key is needed all the same)."""
    max_chat_bytes: Size = 32 * 1024 * 1024
    """The body of a request, decoded if it is compressed; beyond it 413 `body_too_large`."""
    max_embeddings_bytes: Size = 1024 * 1024
    """As `max_chat_bytes`, for /v1/embeddings."""
    max_keyless_body_bytes: Size = 64 * 1024
    """As `max_chat_bytes`, at addresses that need no key."""
    max_messages: Size = 100_000
    """How many messages, or items of `input`, a request may have; beyond it 400 `array_above_max_length`."""
    max_tools: Size = 1024
    """As `max_messages`, for `tools`."""
    max_requests: Count = 0
    """How many requests may be under way at a time in one process (503 `overloaded` beyond); 0: no limit."""
    max_loop_lag_s: Seconds = 1.0
    """How far the process may be behind its work, twice in a row, before it refuses new requests (503 `overloaded`).
    A request that it lets in waits for that some six times before its first token."""
    drain_notice_s: Delay = 0.0
    """How long SeaLink goes on as before after SIGTERM, but for /health/ready, which says 503: so long as a load
    balancer takes to notice it."""
    drain_s: Delay = 30.0
    """How long open streams may go on after SIGTERM."""
    restart_pause_s: Seconds = 0.5
    """With `--workers`: the first pause before a worker that did not last is started anew. It doubles each time."""
    max_restart_pause_s: Seconds = 30.0
    """What that pause doubles up to. A worker that has lived so long is started anew at once."""


class AdminConfig(Section, frozen=True, kw_only=True):
    """[admin]: the port of the console and the admin API."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = 4001
    """0 takes a free one."""
    tls_cert: str = ""
    """As `tls_cert` of [server], for this port."""
    tls_key: str = ""
    """As `tls_key` of [server], for this port."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which browsers and programs may call the port, besides `localhost`, `host` and addresses."""
    max_body_bytes: Size = 1024 * 1024
    """The body of a request."""
    session_s: Seconds = 12 * 3600.0
    """How long somebody who has signed in to the console stays so."""
    sign_in_attempts: Size = 10
    """How many wrong tokens the login page takes from one address in `sign_in_window_s`, before that address has to
    wait (429)."""
    sign_in_window_s: Seconds = 60.0
    """For how long a wrong token counts."""
    oidc: OidcSettings = OidcSettings()
    """A provider by which people sign in, besides the token."""


class ConsoleConfig(Section, frozen=True, kw_only=True):
    """[console]: the pages in the browser."""

    public: bool = False
    """Whether holders of keys have a page of their own at /console on the public port. It shows what the API tells the
    key that they type in, which stays in the page's memory."""
    refresh_s: Seconds = 1.0
    """How often the page of open streams is brought up to date: the newest 500 of each process."""


class TimeoutsConfig(Section, frozen=True, kw_only=True):
    """[timeouts]: the four timers of an exchange. The same may stand in a provider or a model, and the nearest one that
    is set wins: the model's, then the provider's, then these."""

    connect_s: Seconds | None = None
    """Until the connection to the upstream is open."""
    first_content_s: Seconds | None = None
    """From the request until the first content of a stream, however silent the model is before it, or until the first
    byte of a whole answer. Set it low in a model with several targets where a quick change matters more than
    patience."""
    idle_s: Seconds | None = None
    """From then on: without a byte of any kind."""
    total_s: Seconds | None = None
    """The whole exchange, all attempts together."""


class Timed(TimeoutsConfig, frozen=True, kw_only=True):
    """A table with the four timers, as keys of its own or in a table `timeouts`."""

    timeouts: TimeoutsConfig = TimeoutsConfig()


class ProviderConfig(Timed, frozen=True, kw_only=True):
    """[[providers]]: a vendor known by name, or any other with its dialect and address."""

    name: str
    """That of a known vendor (`sealink providers` lists them), or one of your own."""
    vendor: str = ""
    """The known vendor, where the provider's name is another: for a second key or region, say."""
    dialect: Dialect | None = None
    """The wire format. `openai`: Chat Completions. `responses`: OpenAI's Responses API. `anthropic`: Messages.
    `bedrock`: Converse. `gemini`: generateContent. `cohere` and `ollama`: their own chat. `sim`: the simulated model.
    Default: the vendor's first."""
    base_url: str = ""
    """The address, as the vendor's own SDK would be given it: OpenAI style ends in `/v1`, Anthropic and Gemini style
    have no path. A query stays behind the path of each request. Default: the vendor's."""
    api_key: str = ""
    """The key of the provider. Default: the vendor's usual environment variable, if requests go to the vendor's own
    address."""
    headers: dict[str, str] = {}
    """Sent with each request, besides the key's: for an organisation, a project, the options of a gateway."""
    region: str = ""
    """A cloud's region. Default: the vendor's usual environment variable."""
    project: str = ""
    """A Google Cloud project. Default: the vendor's usual environment variable."""
    profile: str = ""
    """A profile of AWS's configuration files."""
    credentials: str = ""
    """The file of a Google Cloud service account. Default: the machine's own credentials."""
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
    def known_vendor(self) -> Vendor | None:
        """The record of the vendor; None for a provider that is not a known one."""
        return VENDORS.get(self.vendor or self.name)

    @property
    def pricing_vendor(self) -> Vendor | None:
        """The vendor whose prices count: the known one, else the dialect's own. A provider's name says nothing."""
        return self.known_vendor or VENDORS.get(OWN_VENDORS.get(self.dialect_name or "", ""))

    @property
    def vendor_profile(self) -> Profile | None:
        """How the vendor speaks the dialect; None where it does not, or is not known."""
        return self.known_vendor.profile(self.dialect) if self.known_vendor else None

    @property
    def vendor_settings(self) -> dict[str, str]:
        """The vendor's settings, those that are not set as ""."""
        return {name: str(getattr(self, name)) for name in self.known_vendor.settings} if self.known_vendor else {}

    @property
    def dialect_name(self) -> str | None:
        return self.dialect or (self.vendor_profile.dialect if self.vendor_profile else None)


class TargetConfig(Section, frozen=True, kw_only=True):
    """One entry of a model's `targets`."""

    provider: str
    """The `name` of a provider."""
    model: str
    """The model's name there. `*` alone is the name that the client asks for; where the `id` is a pattern, each `*` of
    a longer name stands for what one of the `id` fits: with `id = "my-*"`, `"claude-*"` sends `my-opus` to
    `claude-opus`."""
    weight: Weight = 1.0
    """Its share of the requests, where the model's `choose` is "weighted"."""


class ModelConfig(Timed, frozen=True, kw_only=True):
    """[[models]]: a name that clients use, and the targets that answer to it."""

    id: str
    """The name, or a pattern: each `*` in it stands for any text, so that `claude-*` is all Claude models, those to
    come too. Names come before patterns, and a pattern before those below it. Patterns are not listed by
    /v1/models."""
    targets: tuple[TargetConfig, ...]
    """Tried in order, or as `choose` says; one is enough."""
    choose: Choice = "in_order"
    """Which target is tried first. `in_order`: the first. `weighted`: by chance, each as often as its `weight` says.
    `lowest_ttft`: the one that was lately the fastest to send content. The others follow when it fails."""
    on_disconnect: OnDisconnect | None = None
    """What becomes of a stream whose client leaves, where its key does not say it: `cancel` (the default), `drain` or
    `detach`."""
    advice: bool = False
    """Tell clients, in the header `x-sealink-advice`, where a request would better be streamed, or better not."""
    stream_internally: bool = False
    """Ask the provider for a stream where the client wants a whole answer, so that it can be cancelled and metered
    while it is made, and outlives time-outs for silence on the way. The client gets the same."""
    hedge_after_s: Delay | None = None
    """[hedge] `after_s` for this model: seconds without content until the next target is tried too; 0: never."""
    requests_per_minute: Count | None = None
    """Requests of all keys that may begin in a minute."""
    tokens_per_minute: Count | None = None
    """Tokens of all keys, of prompts and answers together."""
    concurrent_streams: Count | None = None
    """Streams of all keys that may be open at once."""
    requests_per_day: Count | None = None
    """Requests of all keys that may begin in a day."""
    queue_s: Delay | None = None
    """How long a request may wait in line until the limits let it in, where its key does not say it. Default: as
    [limits] says."""
    budget_usd: Usd | None = None
    """How much the requests of all keys may cost in a `budget_period`, at the price, markup included."""
    budget_period: BudgetPeriod | None = None
    """`day`, `week` (from Monday) and `month`: those of UTC. `total`, the default: for all time."""

    @property
    def limits(self) -> UsageLimits:
        """These six. (A struct cannot have two bases with fields.)"""
        return UsageLimits(**fields_of(self, UsageLimits))


class KeyConfig(KeyRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[[keys]]: a key that clients use."""

    name: str
    """What the ledger calls it."""
    key: str
    """The secret that clients send, from a variable: `"${SEALINK_API_KEY}"`."""


class TeamConfig(TeamRules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[[teams]]: keys that share limits. A key's `team` names one."""

    name: str
    """What keys call it."""


class PriceConfig(Section, frozen=True, kw_only=True):
    """[[prices]]: what the models that both patterns fit cost, before what the vendor or the built-in list says. The
    first table that fits counts. Dollars; a token's price is that of a million.

    A kind of token without a price of its own is charged as the one it is a part of. A table without any price is a
    markup on what the vendor or the list says.
    """

    provider: str = "*"
    """A pattern of the provider's `name`."""
    model: str = "*"
    """A pattern of the model's name at the provider: the target's `model`."""
    input_usd_per_mtok: Usd | None = None
    """A million tokens of input."""
    output_usd_per_mtok: Usd | None = None
    """A million tokens of output."""
    cached_read_usd_per_mtok: Usd | None = None
    """What is read from the vendor's cache. Default: as input."""
    cached_write_5m_usd_per_mtok: Usd | None = None
    """What is written to the vendor's cache for five minutes. Default: as input."""
    cached_write_1h_usd_per_mtok: Usd | None = None
    """What is written for an hour. Default: as for five minutes."""
    reasoning_usd_per_mtok: Usd | None = None
    """What the model thinks, where it is charged apart. Default: as output."""
    request_usd: Usd | None = None
    """Each request, besides its tokens. Without a price of input or output, these cost nothing."""
    image_usd: Usd | None = None
    """Each image in a request."""
    markup_percent: Markup = 0.0
    """What the price has on top of the cost; negative is a discount."""


class LogConfig(Section, frozen=True, kw_only=True):
    """[log]: what is written to standard error: one line per request at its end, and what operators should know."""

    format: LogFormat = "text"
    """"text" for a terminal, "json" for a machine."""
    level: LogLevel = "info"
    """The least important lines that are written: "debug", "info", "warning" or "error"."""
    content: bool = False
    """Whether prompts and answers are written down: to files of their own in [server] `data_dir`, in the folder
    `content`, never to standard error. A key's own `log_content` wins."""
    content_keep_days: Delay = 7.0
    """How long those files are kept. Each is of one day (UTC)."""
    content_max_chars: Size = 100_000
    """What is written of one prompt, and of one answer."""
    redact: tuple[str, ...] = ()
    """Regular expressions of what is left out of prompts and answers, besides keys, e-mail addresses, numbers of
    payment cards and files inline."""


class StoreConfig(Section, frozen=True, kw_only=True):
    """[store]: where usage is kept."""

    url: str = ""
    """`sqlite:///FILE` or `postgresql://…`; a file's path starts from the config's folder unless it is absolute.
    Default: the file sealink.db in [server] `data_dir`."""
    journal: str = ""
    """The folder where usage is written first, before it is uploaded to the store. Default: the database's name and
    `.journal`, beside an SQLite file, else in [server] `data_dir`."""
    fsync: bool = False
    """Make the journal outlive a loss of power too; each request then waits for the disk."""
    keep_days: Count = 0
    """How many days the rows of single requests are kept, besides today's (UTC). Older ones are removed, and only the
    sums of their days are kept, for reports, budgets and balances. 0: all are kept."""


class AccessConfig(Section, frozen=True, kw_only=True):
    """[access]: how keys are kept."""

    secret: str = ""
    """What the secrets of keys are hashed with (HMAC-SHA-256). Default: one that is made once and kept in the store.
    Keys that were made with another secret are not valid."""
    poll_s: Seconds = 0.5
    """How often each process looks for changes to keys and teams in the store."""


class UsageConfig(Section, frozen=True, kw_only=True):
    """[usage]: how `sealink usage` and bills show money. It is counted in dollars."""

    currency: str = "USD"
    """The currency in which prices are shown besides dollars."""
    usd_rate: UsdRate = 1.0
    """How much of that currency a dollar is."""


class ConfigFile(Section, frozen=True, kw_only=True):
    """A whole sealink.toml."""

    server: ServerConfig = ServerConfig()
    admin: AdminConfig = AdminConfig()
    console: ConsoleConfig = ConsoleConfig()
    providers: tuple[ProviderConfig, ...] = ()
    models: tuple[ModelConfig, ...] = ()
    keys: tuple[KeyConfig, ...] = ()
    teams: tuple[TeamConfig, ...] = ()
    prices: tuple[PriceConfig, ...] = ()
    webhooks: tuple[WebhookSettings, ...] = ()
    limits: LimitSettings = LimitSettings()
    timeouts: TimeoutsConfig = TimeoutsConfig()
    retry: RetrySettings = RetrySettings()
    hedge: HedgeSettings = HedgeSettings()
    breaker: BreakerSettings = BreakerSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    drain: FinishSettings = FinishSettings()
    detach: DetachSettings = DetachSettings()
    upstream: UpstreamLimits = UpstreamLimits()
    store: StoreConfig = StoreConfig()
    access: AccessConfig = AccessConfig()
    usage: UsageConfig = UsageConfig()
    log: LogConfig = LogConfig()
    traces: TraceSettings = TraceSettings()
    shared: SharedSettings = SharedSettings()


class Config(ConfigFile, frozen=True, kw_only=True):
    """A sealink.toml that was read, or what the environment says where there is none."""

    places: dict[str, str] = {}
    """Where each key and team stands: `{"keys.dev": "sealink.toml:12"}`."""
