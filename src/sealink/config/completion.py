"""What a config need not say, filled in: vendors' addresses and keys, where its paths start, a key to come in by."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sealink.config.mistakes import MistakeError
from sealink.config.sections import Config, KeyConfig, ProviderConfig
from sealink.ledger.location import journal_root
from sealink.providers.signers.signing import SignerUnavailable
from sealink.providers.resolve import UnresolvedProvider
from sealink.store.url import absolute_url

GENERATED_KEY = "generated"
"""The name of the key that is made up for a run in which none is configured."""


def placed(config: Config, variables: Mapping[str, str], folder: Path) -> Config:
    """The config with each known vendor's address, key and settings filled in."""
    providers = []
    for index, provider in enumerate(config.providers):
        path = f"$.providers[{index}]"
        if provider.vendor and provider.known is None:
            raise MistakeError(f"{path}.vendor", f"{provider.vendor!r} is not a known vendor")
        try:
            providers.append(at_its_place(provider, variables, folder))
        except UnresolvedProvider as missing:
            raise MistakeError(f"{path}.{missing.setting}", f"{provider.name}: {missing}") from missing
        except SignerUnavailable as missing:
            raise MistakeError(path, f"{provider.name}: {missing}") from missing
    return msgspec.structs.replace(config, providers=tuple(providers))


def at_its_place(provider: ProviderConfig, variables: Mapping[str, str], folder: Path) -> ProviderConfig:
    """A provider with what is known of its vendor. Raises UnresolvedProvider or SignerUnavailable."""
    placement = provider.place(variables)
    if placement is None:
        return provider
    settings = dict(placement.settings)
    if settings.get("credentials"):
        settings["credentials"] = str(folder / settings["credentials"])
    return msgspec.structs.replace(provider, base_url=placement.base_url, api_key=placement.api_key, **settings)


def located(config: Config, folder: Path) -> Config:
    """The config with its paths starting from the folder it was read from."""
    store = config.store
    url = absolute_url(store.url, folder)
    journal = folder / store.journal if store.journal else journal_root(url, folder)
    return msgspec.structs.replace(config, store=msgspec.structs.replace(store, url=url, journal=str(journal)))


def with_key(config: Config, variables: Mapping[str, str]) -> Config:
    """The config with at least one key: SEALINK_API_KEY, or one made up for this run. Never an open door."""
    if config.keys:
        return config
    given = variables.get("SEALINK_API_KEY")
    key = KeyConfig(name="SEALINK_API_KEY", key=given) if given else KeyConfig(name=GENERATED_KEY, key=new_key())
    return msgspec.structs.replace(config, keys=(key,))


def new_key() -> str:
    """A fresh API key."""
    return f"sk-sealink-{secrets.token_urlsafe(24)}"
