"""Fireworks."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="fireworks",
    docs="https://docs.fireworks.ai/tools-sdks/openai-compatibility",
    addresses=(Address("openai", "https://api.fireworks.ai/inference/v1"),),
    key_variable="FIREWORKS_API_KEY",
)
