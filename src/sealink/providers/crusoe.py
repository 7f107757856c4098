"""Crusoe Managed Inference."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="crusoe",
    docs="https://docs.crusoecloud.com/managed-inference/overview",
    addresses=(Address("openai", "https://api.inference.crusoecloud.com/v1"),),
    key_variable="CRUSOE_API_KEY",
)
