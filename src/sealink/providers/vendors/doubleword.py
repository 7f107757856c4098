"""Doubleword."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="doubleword",
    docs="https://docs.doubleword.ai",
    price_list="doubleword",
    profiles=(Profile("openai", "https://api.doubleword.ai/v1"),),
    key_variable="DOUBLEWORD_API_KEY",
)
