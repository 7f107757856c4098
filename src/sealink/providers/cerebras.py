"""Cerebras."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="cerebras",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    addresses=(Address("openai", "https://api.cerebras.ai/v1"),),
    key_variable="CEREBRAS_API_KEY",
)
