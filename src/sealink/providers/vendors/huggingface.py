"""Hugging Face, whose router hands on to many inference providers."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="huggingface",
    docs="https://huggingface.co/docs/inference-providers",
    profiles=(Profile("openai", "https://router.huggingface.co/v1"),),
    key_variable="HF_TOKEN",
)
