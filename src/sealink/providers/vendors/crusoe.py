"""Crusoe Managed Inference."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="crusoe",
    docs="https://docs.crusoecloud.com/managed-inference/overview",
    profiles=(Profile("openai", "https://api.inference.crusoecloud.com/v1"),),
    key_variable="CRUSOE_API_KEY",
)
