"""A provider of the config as requests are sent to it: with its dialect, headers, signer and embeddings."""

from sealink.app.dialects import EMBEDDINGS, spoken_at
from sealink.config import ProviderConfig
from sealink.providers.profile import Profile
from sealink.providers.provider import Pricing, Provider
from sealink.providers.signers.signing import Signer


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
