"""Together."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="together",
    docs="https://docs.together.ai/docs/openai-api-compatibility",
    price_list="together",
    profiles=(Profile("openai", "https://api.together.xyz/v1"),),
    key_variable="TOGETHER_API_KEY",
)
