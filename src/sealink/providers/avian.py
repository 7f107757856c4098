"""Avian."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="avian",
    docs="https://avian.io/docs",
    addresses=(Address("openai", "https://api.avian.io/v1"),),
    key_variable="AVIAN_API_KEY",
)
