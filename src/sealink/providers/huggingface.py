"""Hugging Face, whose router hands on to many inference providers."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="huggingface",
    docs="https://huggingface.co/docs/inference-providers",
    addresses=(Address("openai", "https://router.huggingface.co/v1"),),
    key_variable="HF_TOKEN",
)
