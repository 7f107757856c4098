"""Fireworks."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="fireworks",
    docs="https://docs.fireworks.ai/tools-sdks/openai-compatibility",
    price_list="fireworks",
    profiles=(Profile("openai", "https://api.fireworks.ai/inference/v1"),),
    key_variable="FIREWORKS_API_KEY",
)
