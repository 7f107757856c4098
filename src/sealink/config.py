"""sealink.toml, or the environment where there is none, as frozen structs. The only reader of either.

Everything is checked at once, when it is read; a mistake is told as file:line. Nothing here is used
after start-up: app.py builds the house from it.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from sealink.gateway.draining import DrainSettings
from sealink.gateway.heartbeat import HeartbeatSettings
from sealink.gateway.stream_log import DetachSettings
from sealink.ledger.engine import StoreError, engine_for
from sealink.ledger.location import absolute_url, journal_root
from sealink.net.proxy import Proxies
from sealink.policy.auth import OnDisconnect
from sealink.policy.breaker import BreakerSettings
from sealink.policy.hedging import HedgeSettings
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import Choice
from sealink.providers import VENDORS
from sealink.providers.placement import Placement, Unplaced, place
from sealink.providers.vendor import Address, SignerUnavailable, Timeouts, Vendor
from sealink.sim import SIM_MODEL
from sealink.toml_location import line_of
from sealink.wire.dialect import HeartbeatShape

DOCUMENTED_MODEL = "claude-sonnet-4-6"
"""The model of the documented examples: simulated too, where no provider is configured at all."""

GENERATED_KEY = "generated"
"""The name of the key that is made up for a run in which none is configured."""

Dialect = Literal["openai", "anthropic", "bedrock", "cohere", "gemini", "ollama", "responses", "sim"]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NOT_YET = ("requests_per_minute", "tokens_per_minute", "concurrent_streams", "budget_usd", "budget_period")


class ConfigError(Exception):
    """A mistake in a config, with the place it stands at: `sealink.toml:12: …`."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of sealink.toml. An unknown key is a mistake, told by name."""


class ServerConfig(Section, frozen=True, kw_only=True):
    """[server]: where to listen, and the limits on what comes in."""

    host: str = "127.0.0.1"
    port: int = 4000
    cors_origins: tuple[str, ...] = ("*",)
    """Origins whose pages may call SeaLink from a browser; `*` for all (a key is needed all the same)."""
    max_header_bytes: int = 32 * 1024
    max_chat_bytes: int = 10 * 1024 * 1024
    max_embeddings_bytes: int = 1024 * 1024
    request_timeout_s: float = 60.0
    """A request must have arrived whole this long after its first byte."""
    keep_alive_s: float = 75.0
    max_unsent_bytes: int = 256 * 1024
    """Bytes that may wait for a slow client before its upstream is no longer read."""
    slow_client_s: float = 60.0
    """How long a client may take nothing of what it is owed before its stream is ended."""
    drain_s: float = 30.0
    """How long open streams may go on after SIGTERM."""


class AdminConfig(Section, frozen=True, kw_only=True):
    """[admin]: the port of the console and the admin API."""

    host: str = "127.0.0.1"
    port: int = 4001


class TimeoutsConfig(Section, frozen=True, kw_only=True):
    """[timeouts]: the four timers of an exchange; what is not said here is taken from further out."""

    connect_s: float | None = None
    first_content_s: float | None = None
    idle_s: float | None = None
    total_s: float | None = None


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
    warm_connections: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Unused connections that are kept open, so that a request need not wait for DNS, TCP and TLS. 0: none."""
    ttft_s: float = 0.2
    """For dialect "sim": seconds until the first token."""
    tokens_per_s: float = 60.0
    """For dialect "sim": the pace; 0 is as fast as possible."""

    @property
    def known(self) -> Vendor | None:
        """What is known of the vendor."""
        return VENDORS.get(self.vendor or self.name)

    @property
    def habits(self) -> Address | None:
        """How the vendor speaks the dialect."""
        return self.known.address(self.dialect) if self.known else None

    @property
    def dialect_name(self) -> str | None:
        return self.dialect or (self.habits.dialect if self.habits else None)

    @property
    def address(self) -> str | None:
        return self.base_url or None

    def place(self, environ: Mapping[str, str] = os.environ) -> Placement | None:
        """Where a known vendor is reached; None for others. Raises Unplaced or SignerUnavailable."""
        if self.known is None or self.habits is None:
            return None
        given = {name: str(getattr(self, name)) for name in self.known.settings}
        return place(
            self.known, self.habits, base_url=self.base_url, api_key=self.api_key, given=given, variables=environ
        )


class TargetConfig(Section, frozen=True, kw_only=True):
    """One entry of a model's `targets`."""

    provider: str
    model: str
    weight: float = 1.0
    """Its share of the requests, where the model's `choose` is "weighted"."""


class ModelConfig(Timed, frozen=True, kw_only=True):
    """[[models]]: a name that clients use, and where it leads."""

    id: str
    targets: tuple[TargetConfig, ...]
    choose: Choice = "in_order"
    """Which target is tried first: "in_order", "weighted" or "lowest_ttft". The others follow when it fails."""
    on_disconnect: OnDisconnect | None = None
    hedge_after_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """[hedge] `after_s` for this model: seconds without content until the next target is started beside; 0: never."""


class KeyConfig(Section, frozen=True, kw_only=True):
    """[[keys]]: who may come in."""

    name: str
    key: str
    models: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_streams: int | None = None
    budget_usd: float | None = None
    budget_period: Literal["day", "month", "total"] | None = None
    on_disconnect: OnDisconnect | None = None
    """What becomes of a stream whose client leaves: "cancel" (the default), "drain" or "detach". A model may say it,
    too; the key's word counts."""
    heartbeat: HeartbeatShape | None = None
    """"comment", "chunk" or "off", for clients that need another shape than [heartbeat] says."""
    strict: bool = False
    """Refuse a parameter that the provider cannot be told, instead of leaving it out and saying so in
    `x-sealink-dropped`. A single request asks for it by the header `x-sealink-strict: true`."""


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


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check a file. Raises ConfigError with the line at fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        return _with_key(parse(text, environ, path.parent), environ)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError(f"{path}:{line[1] if line else 1}: {error}") from error
    except _MistakeError as mistake:
        raise ConfigError(f"{path}:{line_of(text, mistake.path)}: {mistake}") from mistake


def parse(text: str, environ: Mapping[str, str], folder: Path) -> Config:
    """Read and check the text of a file that stands in `folder`, where its relative paths start."""
    tree = _expand(tomllib.loads(text), environ, "$")
    try:
        config = msgspec.convert(tree, Config, strict=True)
    except msgspec.ValidationError as error:
        raise _MistakeError(_path_of(str(error)), str(error)) from error
    _check_names(config)
    config = _placed(config, environ, folder)
    _check_providers(config)
    _check_store(config)
    return _located(config, folder)


def from_environment(environ: Mapping[str, str] = os.environ) -> Config:
    """The config of a run without a file: the providers whose keys are in the environment, and the simulated model.

    A vendor's models are reached by their own names and as `vendor/model`. Where no provider is found, the
    simulated model also stands in for the one of the documented examples, and says so in its first words.
    """
    found = [provider for name in VENDORS if (provider := _in_environment(name, environ)) is not None]
    vendors = [VENDORS[provider.name] for provider in found]
    providers = list(found)
    providers.append(ProviderConfig(name="sim", dialect="sim"))
    models = [_model(name, vendor.name, name) for vendor in vendors for name in vendor.models]
    models.append(_model(SIM_MODEL, "sim", SIM_MODEL))
    if not vendors:
        models.append(_model(DOCUMENTED_MODEL, "sim", DOCUMENTED_MODEL))
    models += [_model(pattern, vendor.name, "") for vendor in vendors for pattern in vendor.serves]
    models += [_model(f"{vendor.name}/*", vendor.name, "") for vendor in vendors]
    return _located(_with_key(Config(providers=tuple(providers), models=tuple(models)), environ), Path())


def proxies_from(environ: Mapping[str, str] = os.environ) -> Proxies:
    """HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case; the lower-case one wins, as in curl.

    Raises ConfigError for an address that is none.
    """

    def value(name: str) -> str:
        return environ.get(name.lower()) or environ.get(name) or ""

    no_proxy = tuple(part.strip() for part in value("NO_PROXY").split(",") if part.strip())
    try:
        return Proxies(http=value("HTTP_PROXY") or None, https=value("HTTPS_PROXY") or None, no_proxy=no_proxy)
    except ValueError as error:
        raise ConfigError(f"HTTP_PROXY or HTTPS_PROXY: {error}") from error


def timeouts_of(config: Config, provider: ProviderConfig, model: ModelConfig | None = None) -> Timeouts:
    """The timers of one target: the model's, else the provider's, else [timeouts], else the defaults."""
    models_own = () if model is None else (model, model.timeouts)
    nearest_first = (*models_own, provider, provider.timeouts, config.timeouts)
    chosen = {
        name: next((value for layer in nearest_first if (value := getattr(layer, name)) is not None), default)
        for name, default in msgspec.structs.asdict(Timeouts()).items()
    }
    return Timeouts(**chosen)


def hedge_after_s_of(config: Config, model: ModelConfig) -> float:
    """The model's `hedge_after_s`, else [hedge] `after_s`."""
    return config.hedge.after_s if model.hedge_after_s is None else model.hedge_after_s


class _MistakeError(Exception):
    """A mistake at a path of the TOML tree; `load` adds the file and the line."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def _path_of(message: str) -> str:
    """Where msgspec found a mistake: it names an unknown or a missing field, or a wrong key, apart from the table."""
    words, _, place = message.partition(" - at ")
    path = re.search(r"\$[^`]*", place)
    field = re.search(r"unknown field `(.+?)`", words)
    return (path[0] if path else "$") + (f".{field[1]}" if field else "")


def _expand(value: Any, environ: Mapping[str, str], path: str) -> Any:
    """The tree with each `${NAME}` in its strings replaced from the environment."""
    if isinstance(value, dict):
        return {key: _expand(item, environ, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, environ, f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in environ:
            raise _MistakeError(path, f"the environment variable {name} is not set")
    return _VARIABLE.sub(lambda match: environ[match[1]], value)


def _check_names(config: Config) -> None:
    """Names must be unique, and targets must name a provider."""
    for table, names in (
        ("providers", [provider.name for provider in config.providers]),
        ("models", [model.id for model in config.models]),
        ("keys", [key.name for key in config.keys]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                raise _MistakeError(f"$.{table}[{index}]", f"{table}: {name!r} is there twice")
    known = {provider.name for provider in config.providers}
    for i, model in enumerate(config.models):
        if not model.targets:
            raise _MistakeError(f"$.models[{i}].targets", f"the model {model.id!r} has no target")
        if model.hedge_after_s and len(model.targets) == 1:
            raise _MistakeError(f"$.models[{i}].hedge_after_s", f"the model {model.id!r} has no second target")
        for j, target in enumerate(model.targets):
            if target.provider not in known:
                raise _MistakeError(
                    f"$.models[{i}].targets[{j}]", f"there is no provider {target.provider!r} in [[providers]]"
                )


def _in_environment(name: str, environ: Mapping[str, str]) -> ProviderConfig | None:
    """A vendor whose key, and all else that it needs, is in the environment."""
    if not environ.get(VENDORS[name].key_variable):
        return None
    try:
        return _at_its_place(ProviderConfig(name=name), environ, Path())
    except Unplaced:
        return None


def _placed(config: Config, environ: Mapping[str, str], folder: Path) -> Config:
    """The config with each known vendor's address, key and settings filled in."""
    providers = []
    for index, provider in enumerate(config.providers):
        path = f"$.providers[{index}]"
        if provider.vendor and provider.known is None:
            raise _MistakeError(f"{path}.vendor", f"{provider.vendor!r} is not a known vendor")
        try:
            providers.append(_at_its_place(provider, environ, folder))
        except Unplaced as missing:
            raise _MistakeError(f"{path}.{missing.setting}", f"{provider.name}: {missing}") from missing
        except SignerUnavailable as missing:
            raise _MistakeError(path, f"{provider.name}: {missing}") from missing
    return msgspec.structs.replace(config, providers=tuple(providers))


def _at_its_place(provider: ProviderConfig, environ: Mapping[str, str], folder: Path) -> ProviderConfig:
    placement = provider.place(environ)
    if placement is None:
        return provider
    settings = dict(placement.settings)
    if settings.get("credentials"):
        settings["credentials"] = str(folder / settings["credentials"])
    return msgspec.structs.replace(provider, base_url=placement.base_url, api_key=placement.api_key, **settings)


def _check_providers(config: Config) -> None:
    """A provider must be a known vendor, or say its dialect and (unless simulated) its address."""
    for index, provider in enumerate(config.providers):
        path = f"$.providers[{index}]"
        if provider.dialect_name is None:
            raise _MistakeError(path, f"{provider.name!r} is not a known vendor: say its `dialect`")
        if provider.known is not None and provider.habits is None and not provider.address:
            raise _MistakeError(
                path,
                f"no address is known where {provider.known.name!r} speaks {provider.dialect!r}: say its `base_url`",
            )
        if provider.dialect_name != "sim" and not provider.address:
            raise _MistakeError(path, f"{provider.name!r} is not a known vendor: say its `base_url`")
        for name, value in provider.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise _MistakeError(f"{path}.headers", f"headers: {name!r} is no header, or has no header's value")
        if provider.address and not re.match(r"https?://[^/\s]+", provider.address):
            raise _MistakeError(f"{path}.base_url", f"base_url is not an http(s) URL: {provider.address!r}")


def _check_store(config: Config) -> None:
    """The store's URL must be one that can be used; whether the store is up is another matter."""
    try:
        engine_for(config.store.url, timeout_s=1.0)
    except StoreError as error:
        raise _MistakeError("$.store.url", f"url: {error}") from error


def _located(config: Config, folder: Path) -> Config:
    """The config with its paths starting from the folder it was read from."""
    store = config.store
    url = absolute_url(store.url, folder)
    journal = folder / store.journal if store.journal else journal_root(url, folder)
    return msgspec.structs.replace(config, store=msgspec.structs.replace(store, url=url, journal=str(journal)))


def _model(name: str, provider: str, model: str) -> ModelConfig:
    return ModelConfig(id=name, targets=(TargetConfig(provider=provider, model=model),))


def _with_key(config: Config, environ: Mapping[str, str]) -> Config:
    """The config with at least one key: SEALINK_API_KEY, or one made up for this run. Never an open door."""
    if config.keys:
        return config
    given = environ.get("SEALINK_API_KEY")
    key = KeyConfig(name="SEALINK_API_KEY", key=given) if given else KeyConfig(name=GENERATED_KEY, key=new_key())
    return msgspec.structs.replace(config, keys=(key,))


def new_key() -> str:
    """A fresh API key."""
    return f"sk-sealink-{secrets.token_urlsafe(24)}"
