"""Venice."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="venice",
    docs="https://docs.venice.ai/api-reference",
    profiles=(Profile("openai", "https://api.venice.ai/api/v1"),),
    key_variable="VENICE_API_KEY",
)
