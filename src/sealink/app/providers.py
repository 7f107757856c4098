"""The providers of a config as requests are sent to them: with their dialects, headers, signers and embeddings."""

import contextlib

from sealink.app.dialects import EMBEDDINGS, spoken_at
from sealink.app.simulators import Simulators
from sealink.config import Config, ProviderConfig, timeouts_of
from sealink.errors import UpstreamError
from sealink.net.client import UpstreamPool
from sealink.providers.profile import Profile
from sealink.providers.provider import Pricing, Provider
from sealink.providers.signers.signing import Signer


class Providers:
    """Those of a running SeaLink, by their names, with connections to them that are kept open in `pool`."""

    def __init__(self, pool: UpstreamPool, simulators: Simulators) -> None:
        self.by_name: dict[str, Provider] = {}
        self._pool = pool
        self._simulators = simulators

    async def made(self, config: Config, before: Config | None = None) -> dict[str, Provider]:
        """Those that `before` does not have, or has otherwise; none of them is in force yet. Raises ConfigError."""
        known = {provider.name: provider for provider in before.providers} if before is not None else {}
        changed = [provider for provider in config.providers if known.get(provider.name) != provider]
        return {provider.name: await self._made(provider) for provider in changed}

    def configure(self, config: Config, made: dict[str, Provider]) -> None:
        """Put a config in force, and keep connections open to the providers that its models lead to; simulated ones are
        on this machine. To those that are not configured any longer none is kept."""
        self.by_name |= made
        urls = [self.by_name[provider.name].base_url for provider in config.providers]
        self._pool.retain([*urls, config.traces.endpoint])
        used = {target.provider for model in config.models for target in model.targets}
        for provider in config.providers:
            if provider.name in used and provider.dialect_name != "sim":
                connect_s = timeouts_of(config, provider).connect_s
                with contextlib.suppress(UpstreamError):  # not an address: the first request gets the error
                    self._pool.keep_warm(provider.base_url, provider.warm_connections, connect_s=connect_s)

    async def _made(self, config: ProviderConfig) -> Provider:
        return await self._simulators.start(config) if config.dialect_name == "sim" else provider_of(config)


def provider_of(config: ProviderConfig) -> Provider:
    """A provider that is not simulated."""
    dialect = config.dialect_name or ""
    profile = config.vendor_profile or Profile(dialect, "")
    own_headers = [(name.lower(), value) for name, value in config.headers.items()]
    return Provider(
        name=config.name,
        dialect=spoken_at(dialect, config.base_url.partition("?")[0], profile),
        base_url=config.base_url,
        headers=[*profile.headers(config.api_key), *own_headers],
        profile=profile,
        signer=_signer_of(config),
        embeddings=EMBEDDINGS.get(dialect) if profile.embeddings is not None else None,
        pricing=_pricing_of(config),
    )


def _pricing_of(config: ProviderConfig) -> Pricing:
    vendor = config.pricing_vendor
    return Pricing(vendor.price_list, vendor.stated_cost, vendor.one_search_fee) if vendor else Pricing()


def _signer_of(config: ProviderConfig) -> Signer | None:
    """What signs requests where the vendor signs and there is no key."""
    vendor = config.known_vendor
    if vendor is None or vendor.signing is None or config.api_key:
        return None
    return vendor.signing.signer(config.vendor_settings)
