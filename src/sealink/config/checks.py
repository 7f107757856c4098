"""What is checked in a config besides the types of its fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from sealink.access.checks import CONSOLE_KEY, wrong_rules
from sealink.config.mistakes import Mistake, Mistakes, did_you_mean
from sealink.config.pricing import rule_of
from sealink.config.sections import Config, KeyConfig, ModelConfig, ProviderConfig, TargetConfig, TeamConfig
from sealink.config.toml_location import Path
from sealink.console.oidc.settings import wrong_oidc
from sealink.limits.nodes.settings import COUNTS_ALONE, check_redis_url
from sealink.policy.routing import SAME_NAME, may_fit_one_name
from sealink.providers import VENDORS
from sealink.store.errors import StoreError
from sealink.store.url import check_url, sqlite_file
from sealink.webhooks.settings import wrong_webhook

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def check(config: Config, mistakes: Mistakes) -> None:
    """Note all mistakes that the types of fields cannot show."""
    _check_names("providers", [provider.name for provider in config.providers], mistakes)
    _check_names("models", [model.id for model in config.models], mistakes)
    _check_names("keys", [key.name for key in config.keys], mistakes)
    _check_names("teams", [team.name for team in config.teams], mistakes)
    _check_tls(config, mistakes)
    _check_keys(config, mistakes)
    _check_access(config, mistakes)
    _check_providers(config, mistakes)
    _check_models(config, mistakes)
    _check_prices(config, mistakes)
    _check_store(config, mistakes)
    _check_shared(config, mistakes)
    _check_webhooks(config, mistakes)
    _check_oidc(config, mistakes)
    _check_traces(config, mistakes)
    _check_log(config, mistakes)
    if (url := config.server.public_url) and not _is_http_url(url):
        mistakes.add(("server", "public_url"), f"public_url is not an http(s) URL: {url!r}")


def warnings_of(config: Config) -> list[Mistake]:
    """What can be, and is probably not meant."""
    warnings = [*_useless_models_of_keys(config), *_useless_prices(config), *_unshared(config)]
    if not config.models:
        told = "no model is served: there are no [[providers]], and no vendor's key in the environment"
        warnings.append(Mistake((), told))
    return warnings


def _useless_models_of_keys(config: Config) -> Iterator[Mistake]:
    names = {model.id: None for model in config.models}
    for number, key in enumerate(config.keys):
        for index, pattern in enumerate(key.models):
            if pattern not in names and not any(may_fit_one_name(pattern, name) for name in names):
                told = f"the key {key.name!r} may use {pattern!r}, but no model has such a name"
                yield Mistake(("keys", number, "models", index), told + did_you_mean(pattern, names))


def _useless_prices(config: Config) -> Iterator[Mistake]:
    names = [provider.name for provider in config.providers]
    for index, price in enumerate(config.prices):
        if not any(fnmatchcase(name, price.provider) for name in names):
            told = f"there are prices for the provider {price.provider!r}, but none has such a name"
            yield Mistake(("prices", index, "provider"), told + did_you_mean(price.provider, names))


def _unshared(config: Config) -> Iterator[Mistake]:
    """Nodes that have one thing in common, and not the other."""
    is_sqlite = sqlite_file(config.store.url) is not None
    if config.shared.redis_url and is_sqlite:
        told = "nodes that share limits need a PostgreSQL [store] too, or each has keys and spending of its own"
        yield Mistake(("shared", "redis_url"), told)
    if not (config.shared.redis_url or is_sqlite):
        yield Mistake(("store", "url"), COUNTS_ALONE)


def _check_names(table: str, names: Sequence[str], mistakes: Mistakes) -> None:
    """Names must be visible, and unique."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        path = (table, index)
        if mistakes.within(path) and not name:
            continue
        if not name.isprintable() or not name.strip():
            mistakes.add(path, f"{table}: {name!r} is not a name: it must have visible characters only")
        elif name in seen:
            mistakes.add(path, f"{table}: there are two named {name!r}")
        seen.add(name)


def _check_tls(config: Config, mistakes: Mistakes) -> None:
    """A certificate needs its key, and a key its certificate."""
    for table, given in (("server", config.server), ("admin", config.admin)):
        if bool(given.tls_cert) != bool(given.tls_key):
            there, missing = ("tls_cert", "tls_key") if given.tls_cert else ("tls_key", "tls_cert")
            mistakes.add((table, there), f"{there}: TLS needs `{missing}` too")


def _check_keys(config: Config, mistakes: Mistakes) -> None:
    """A key must fit into a header, and be different from the others."""
    owners: dict[str, str] = {}
    for index, key in enumerate(config.keys):
        path = ("keys", index, "key")
        if key.name == CONSOLE_KEY:
            mistakes.add(("keys", index, "name"), f"name: {CONSOLE_KEY!r} is the name of the console's own key")
        if mistakes.within(path) or (not key.key and mistakes.within(path[:2])):
            continue
        if not re.fullmatch(r"[\x21-\x7e]+", key.key):
            mistakes.add(path, "key: it must have visible ASCII characters only, no spaces")
        elif key.key in owners:
            mistakes.add(path, f"key: it is the same as that of {owners[key.key]!r}")
        owners.setdefault(key.key, key.name)


def _check_access(config: Config, mistakes: Mistakes) -> None:
    """The rules of keys and teams must be able to work, and a key's team must be there."""
    tables: dict[str, Sequence[KeyConfig | TeamConfig]] = {"keys": config.keys, "teams": config.teams}
    for table, entries in tables.items():
        for index, entry in enumerate(entries):
            for field, wrong in wrong_rules(entry):
                mistakes.add((table, index, field), wrong)
    teams = {team.name for team in config.teams}
    for index, key in enumerate(config.keys):
        if key.team is not None and key.team not in teams:
            hint = did_you_mean(key.team, teams)
            mistakes.add(("keys", index, "team"), f"there is no team {key.team!r} in [[teams]]{hint}")


def _check_models(config: Config, mistakes: Mistakes) -> None:
    known = {provider.name for provider in config.providers}
    for index, model in enumerate(config.models):
        path = ("models", index)
        _check_targets(path, model, mistakes)
        for number, target in enumerate(model.targets):
            _check_target((*path, "targets", number), model, target, known, mistakes)


def _check_targets(path: Path, model: ModelConfig, mistakes: Mistakes) -> None:
    if mistakes.within((*path, "targets")) or (not model.targets and mistakes.within(path)):
        return
    if not model.targets:
        mistakes.add((*path, "targets"), f"the model {model.id!r} has no target")
    if model.hedge_after_s and len(model.targets) == 1:
        mistakes.add((*path, "hedge_after_s"), f"the model {model.id!r} has no second target to hedge with")
    if model.choose == "weighted" and not any(target.weight for target in model.targets):
        mistakes.add((*path, "targets"), f"no target of the model {model.id!r} has a weight")


def _check_target(path: Path, model: ModelConfig, target: TargetConfig, known: set[str], mistakes: Mistakes) -> None:
    """A target must name a provider; a `*` in its model's name stands for what a `*` of the `id` fits."""
    if mistakes.within(path):
        return
    if target.provider not in known:
        hint = did_you_mean(target.provider, known)
        mistakes.add((*path, "provider"), f"there is no provider {target.provider!r} in [[providers]]{hint}")
    if not target.model:
        mistakes.add((*path, "model"), f"model: it is empty; {SAME_NAME!r} is the name that the client asks for")
    stars = target.model.count("*")
    if target.model != SAME_NAME and stars and stars != model.id.count("*"):
        mistakes.add(
            (*path, "model"),
            f"model: each * in {target.model!r} stands for what one fits in the model's id, but {model.id!r} has "
            f"{model.id.count('*') or 'none'}; {SAME_NAME!r} alone is the name that the client asks for",
        )


def _check_providers(config: Config, mistakes: Mistakes) -> None:
    """A provider must be a known vendor, or have a dialect and (unless it is simulated) an address."""
    for index, provider in enumerate(config.providers):
        path = ("providers", index)
        if not mistakes.within(path):
            _check_vendor_or_address(path, provider, mistakes)
        _check_headers((*path, "headers"), provider.headers, mistakes)


def _check_vendor_or_address(path: Path, provider: ProviderConfig, mistakes: Mistakes) -> None:
    known = provider.known_vendor
    if provider.dialect_name is None:
        mistakes.add(path, _unknown_vendor(provider.name, "dialect"))
    elif provider.base_url:
        if not _is_http_url(provider.base_url):
            mistakes.add((*path, "base_url"), f"base_url is not an http(s) URL: {provider.base_url!r}")
    elif known is not None and provider.vendor_profile is None:
        mistakes.add(path, f"{known.name!r} is not known to speak {provider.dialect!r}: set its `base_url`")
    elif known is None and provider.dialect_name != "sim":
        mistakes.add(path, _unknown_vendor(provider.name, "base_url"))


def _unknown_vendor(name: str, needed: str) -> str:
    hint = did_you_mean(name, VENDORS)
    return f"{name!r} is not a known vendor{f'{hint} If not' if hint else ''}: set its `{needed}`"


def _is_http_url(text: str) -> bool:
    if not re.match(r"https?://[^/\s]+", text):
        return False
    try:
        return urlsplit(text).port != 0
    except ValueError:  # no number, or none of a port
        return False


def _check_prices(config: Config, mistakes: Mistakes) -> None:
    """A table of prices must change something."""
    for index, price in enumerate(config.prices):
        path = ("prices", index)
        if not mistakes.within(path) and rule_of(price).rates is None and not price.markup_percent:
            mistakes.add(path, "prices: the table has neither a price nor a markup")


def _check_store(config: Config, mistakes: Mistakes) -> None:
    """The store's URL must be usable. Whether the database can be reached shows when the server runs."""
    path = ("store", "url")
    if not config.store.url or mistakes.within(path):
        return
    try:
        check_url(config.store.url)
    except StoreError as error:
        mistakes.add(path, f"url: {error}")


def _check_shared(config: Config, mistakes: Mistakes) -> None:
    """Whether Redis can be reached shows when the server runs."""
    path = ("shared", "redis_url")
    if config.shared.redis_url is None or mistakes.within(path):
        return
    try:
        check_redis_url(config.shared.redis_url)
    except ValueError as error:
        mistakes.add(path, f"redis_url: {error}")


def _check_webhooks(config: Config, mistakes: Mistakes) -> None:
    """Endpoints must be different, and messages to them must be possible."""
    seen: set[str] = set()
    for index, webhook in enumerate(config.webhooks):
        path = ("webhooks", index)
        if mistakes.within(path):
            continue
        for field, wrong in wrong_webhook(webhook):
            mistakes.add((*path, field), wrong)
        if webhook.url in seen:
            mistakes.add((*path, "url"), "url: there are two webhooks with this url")
        seen.add(webhook.url)


def _check_oidc(config: Config, mistakes: Mistakes) -> None:
    """Somebody must be able to sign in by the provider, and nobody by accident."""
    for field, wrong in wrong_oidc(config.admin.oidc):
        if not mistakes.within(("admin", "oidc", field)):
            mistakes.add(("admin", "oidc", field), wrong)


def _check_traces(config: Config, mistakes: Mistakes) -> None:
    """The collector must have a usable address, and its headers must be some."""
    traces = config.traces
    if traces.endpoint and not _is_http_url(traces.endpoint) and not mistakes.within(("traces", "endpoint")):
        mistakes.add(("traces", "endpoint"), f"endpoint is not an http(s) URL: {traces.endpoint!r}")
    _check_headers(("traces", "headers"), traces.headers, mistakes)


def _check_headers(path: Path, headers: Mapping[str, str], mistakes: Mistakes) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            mistakes.add(
                (*path, name),
                f"headers: {name!r} is not a header name, or its value has characters that no header may have",
            )


def _check_log(config: Config, mistakes: Mistakes) -> None:
    """What is to be redacted must be regular expressions."""
    for index, pattern in enumerate(config.log.redact):
        try:
            re.compile(pattern)
        except re.error as error:
            mistakes.add(("log", "redact", index), f"redact: {pattern!r} is not a regular expression: {error}")
