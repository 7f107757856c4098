"""Anthropic."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="anthropic",
    docs="https://docs.anthropic.com/en/api/overview",
    addresses=(Address("anthropic", "https://api.anthropic.com"),),
    key_variable="ANTHROPIC_API_KEY",
    serves=("claude-*",),
    models=("claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
)
