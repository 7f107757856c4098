"""Anthropic. https://docs.anthropic.com/en/api/overview"""

from sealink.providers.vendor import Vendor, x_api_key

VENDOR = Vendor(
    name="anthropic",
    dialect="anthropic",
    base_url="https://api.anthropic.com",
    key_variable="ANTHROPIC_API_KEY",
    auth=x_api_key,
    serves=("claude-*",),
    models=("claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
)
