"""What is checked in a config besides the types of its fields."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from sealink.access.checks import wrong_rules
from sealink.config.mistakes import MistakeError
from sealink.config.pricing import rule_of
from sealink.config.sections import Config, KeyConfig, ModelConfig, ProviderConfig, TeamConfig
from sealink.store.errors import StoreError
from sealink.store.url import check_url

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def check_names(config: Config) -> None:
    """Names must be unique, and targets must name a provider."""
    for table, names in (
        ("providers", [provider.name for provider in config.providers]),
        ("models", [model.id for model in config.models]),
        ("keys", [key.name for key in config.keys]),
        ("teams", [team.name for team in config.teams]),
    ):
        for index, name in enumerate(names):
            if not name.isprintable() or not name.strip():
                raise MistakeError(
                    f"$.{table}[{index}]", f"{table}: {name!r} is not a name: it must have visible characters only"
                )
            if name in names[:index]:
                raise MistakeError(f"$.{table}[{index}]", f"{table}: there are two named {name!r}")
    known = {provider.name for provider in config.providers}
    for index, model in enumerate(config.models):
        _check_targets(f"$.models[{index}]", model, known)


def check_keys(config: Config) -> None:
    """A key must fit into a header, and be different from the others."""
    secrets = [key.key for key in config.keys]
    for index, secret in enumerate(secrets):
        path = f"$.keys[{index}].key"
        if not re.fullmatch(r"[\x21-\x7e]+", secret):
            raise MistakeError(path, "key: it must have visible ASCII characters only, no spaces")
        if secret in secrets[:index]:
            raise MistakeError(path, f"key: it is the same as that of {config.keys[secrets.index(secret)].name!r}")


def check_access(config: Config) -> None:
    """The rules of keys and teams must be able to work; a key's team must be there."""
    teams = {team.name for team in config.teams}
    tables: dict[str, Sequence[KeyConfig | TeamConfig]] = {"keys": config.keys, "teams": config.teams}
    for table, entries in tables.items():
        for index, entry in enumerate(entries):
            for field, wrong in wrong_rules(entry):
                raise MistakeError(f"$.{table}[{index}].{field}", wrong)
    for index, key in enumerate(config.keys):
        if key.team is not None and key.team not in teams:
            raise MistakeError(f"$.keys[{index}].team", f"there is no team {key.team!r} in [[teams]]")


def _check_targets(path: str, model: ModelConfig, known: set[str]) -> None:
    if not model.targets:
        raise MistakeError(f"{path}.targets", f"the model {model.id!r} has no target")
    if model.hedge_after_s and len(model.targets) == 1:
        raise MistakeError(f"{path}.hedge_after_s", f"the model {model.id!r} has no second target to hedge with")
    if model.choose == "weighted" and not any(target.weight for target in model.targets):
        raise MistakeError(f"{path}.targets", f"no target of the model {model.id!r} has a weight")
    for index, target in enumerate(model.targets):
        if target.provider not in known:
            raise MistakeError(f"{path}.targets[{index}]", f"there is no provider {target.provider!r} in [[providers]]")


def check_providers(config: Config) -> None:
    """A provider must be a known vendor, or have a dialect and (unless it is simulated) an address."""
    for index, provider in enumerate(config.providers):
        path = f"$.providers[{index}]"
        if provider.dialect_name is None:
            raise MistakeError(path, f"{provider.name!r} is not a known vendor: set its `dialect`")
        _check_address(path, provider)
        for name, value in provider.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise MistakeError(
                    f"{path}.headers",
                    f"headers: {name!r} is not a header name, or its value has characters that no header may have",
                )


def _check_address(path: str, provider: ProviderConfig) -> None:
    if provider.base_url:
        if not _is_http_url(provider.base_url):
            raise MistakeError(f"{path}.base_url", f"base_url is not an http(s) URL: {provider.base_url!r}")
        return
    if provider.known_vendor is not None and provider.vendor_profile is None:
        raise MistakeError(
            path, f"{provider.known_vendor.name!r} is not known to speak {provider.dialect!r}: set its `base_url`"
        )
    if provider.dialect_name != "sim":
        raise MistakeError(path, f"{provider.name!r} is not a known vendor: set its `base_url`")


def _is_http_url(text: str) -> bool:
    if not re.match(r"https?://[^/\s]+", text):
        return False
    try:
        return urlsplit(text).port != 0
    except ValueError:  # no number, or none of a port
        return False


def check_prices(config: Config) -> None:
    """A table of prices must change something."""
    for index, price in enumerate(config.prices):
        if rule_of(price).rates is None and not price.markup_percent:
            raise MistakeError(f"$.prices[{index}]", "prices: the table has neither a price nor a markup")


def check_store(config: Config) -> None:
    """The store's URL must be usable. Whether the database can be reached shows when the server runs."""
    try:
        check_url(config.store.url)
    except StoreError as error:
        raise MistakeError("$.store.url", f"url: {error}") from error
