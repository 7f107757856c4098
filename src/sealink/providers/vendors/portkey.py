"""Portkey, a gateway: models are named `@provider/model`."""

from sealink.errors import HeaderList
from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor


def x_portkey_api_key(api_key: str) -> HeaderList:
    """`x-portkey-api-key: …`."""
    return (("x-portkey-api-key", api_key),)


VENDOR = Vendor(
    name="portkey",
    docs="https://portkey.ai/docs/api-reference/inference-api/introduction",
    profiles=(Profile("openai", "https://api.portkey.ai/v1", auth=x_portkey_api_key, lists_models=False),),
    key_variable="PORTKEY_API_KEY",
)
