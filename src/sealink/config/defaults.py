"""What a config leaves out, filled in: vendors' addresses, keys and settings, absolute paths, a key for clients, the
collector of traces."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from sealink.access.key_secrets import new_secret
from sealink.config.environment import collector_variables
from sealink.config.mistakes import Mistakes, did_you_mean
from sealink.config.sections import Config, KeyConfig, ProviderConfig
from sealink.ledger.location import journal_root
from sealink.providers import VENDORS
from sealink.providers.resolve import UnresolvedProvider, resolve
from sealink.providers.signers.signing import SignerUnavailable
from sealink.store.url import absolute_url

_Table = TypeVar("_Table", bound=msgspec.Struct)

_DATABASE: Final = "sqlite:///sealink.db"
_SERVICE: Final = "sealink"

GENERATED_KEY: Final = "generated"
"""The name of the key that is generated for a run in which none is configured."""


def with_resolved_providers(config: Config, variables: Mapping[str, str], folder: Path, mistakes: Mistakes) -> Config:
    """The config with the address, the key and the settings of each known vendor."""
    providers = list(config.providers)
    for index, provider in enumerate(providers):
        path = ("providers", index)
        if provider.vendor and provider.known_vendor is None:
            hint = did_you_mean(provider.vendor, VENDORS)
            mistakes.add((*path, "vendor"), f"{provider.vendor!r} is not a known vendor{hint}")
        try:
            providers[index] = resolved(provider, variables, folder)
        except UnresolvedProvider as missing:
            mistakes.add((*path, missing.setting), f"{provider.name}: {missing}")
        except SignerUnavailable as missing:
            mistakes.add(path, f"{provider.name}: {missing}")
    return msgspec.structs.replace(config, providers=tuple(providers))


def resolved(provider: ProviderConfig, variables: Mapping[str, str], folder: Path) -> ProviderConfig:
    """A provider with what is known of its vendor. Raises UnresolvedProvider or SignerUnavailable."""
    vendor, profile = provider.known_vendor, provider.vendor_profile
    if vendor is None or profile is None:
        return provider
    found = resolve(
        vendor,
        profile,
        base_url=provider.base_url,
        api_key=provider.api_key,
        given=provider.vendor_settings,
        variables=variables,
    )
    settings = dict(found.settings)
    if settings.get("credentials"):
        settings["credentials"] = str(folder / settings["credentials"])
    return msgspec.structs.replace(provider, base_url=found.base_url, api_key=found.api_key, **settings)


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """The config with its paths starting from the folder it was read from."""
    server, store, admin = config.server, config.store, config.admin
    data = folder / server.data_dir
    url = absolute_url(store.url, folder) if store.url else absolute_url(_DATABASE, data)
    journal = folder / store.journal if store.journal else journal_root(url, data)
    return msgspec.structs.replace(
        config,
        server=_from(folder, msgspec.structs.replace(server, data_dir=str(data)), "unix_socket", "tls_cert", "tls_key"),
        admin=_from(folder, admin, "tls_cert", "tls_key"),
        store=msgspec.structs.replace(store, url=url, journal=str(journal)),
    )


def _from(folder: Path, table: _Table, *names: str) -> _Table:
    """A table whose paths of these names start from a folder, where they are set."""
    paths = {name: str(folder / path) for name in names if (path := getattr(table, name))}
    return msgspec.structs.replace(table, **paths)


def with_key(config: Config, variables: Mapping[str, str]) -> Config:
    """The config with at least one key: that of SEALINK_API_KEY, or one generated for this run.

    A SeaLink without keys would be open to everybody.
    """
    if config.keys:
        return config
    given = variables.get("SEALINK_API_KEY")
    key = KeyConfig(name="SEALINK_API_KEY", key=given) if given else KeyConfig(name=GENERATED_KEY, key=new_secret())
    place = "the environment variable SEALINK_API_KEY" if given else "the file dev-key"
    return msgspec.structs.replace(config, keys=(key,), places={**config.places, f"keys.{key.name}": place})


def with_collector(config: Config, variables: Mapping[str, str]) -> Config:
    """The config with the collector of traces that OpenTelemetry's variables name, and with a name for itself."""
    given, found = config.traces, collector_variables(variables)
    traces = msgspec.structs.replace(
        given,
        endpoint=given.endpoint or found.endpoint,
        headers=given.headers or found.headers,
        attributes=given.attributes or found.attributes,
        service_name=given.service_name or found.service_name or _SERVICE,
    )
    return msgspec.structs.replace(config, traces=traces)
