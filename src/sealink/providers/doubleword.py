"""Doubleword."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="doubleword",
    docs="https://docs.doubleword.ai",
    addresses=(Address("openai", "https://api.doubleword.ai/v1"),),
    key_variable="DOUBLEWORD_API_KEY",
)
