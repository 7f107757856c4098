"""A config's provider, as requests go to it: its dialect, headers, signer and embeddings."""

from sealink.app.dialects import EMBEDDINGS, spoken_at
from sealink.config import ProviderConfig
from sealink.providers.profile import Profile
from sealink.providers.provider import Provider


def provider_of(config: ProviderConfig) -> Provider:
    """A provider that is not simulated."""
    dialect = config.dialect_name or ""
    profile = config.vendor_profile or Profile(dialect, "")
    placement = config.place()
    own_headers = [(name.lower(), value) for name, value in config.headers.items()]
    return Provider(
        name=config.name,
        dialect=spoken_at(dialect, config.base_url, profile),
        base_url=config.base_url,
        headers=[*profile.headers(config.api_key), *own_headers],
        profile=profile,
        signer=placement.signer if placement else None,
        embeddings=EMBEDDINGS.get(dialect) if profile.embeddings is not None else None,
    )
