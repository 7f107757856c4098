"""Anthropic."""

from sealink.providers.profile import Profile, StatusOverride
from sealink.providers.vendor import Vendor

# Recorded: anthropic/loongsuite-sync_messages_create_with_all_params-2-e0bcb1.
STATUS_OVERRIDES = (StatusOverride(400, "credit balance is too low", 402),)

VENDOR = Vendor(
    name="anthropic",
    docs="https://docs.anthropic.com/en/api/overview",
    price_list="anthropic",
    profiles=(Profile("anthropic", "https://api.anthropic.com", status_overrides=STATUS_OVERRIDES),),
    key_variable="ANTHROPIC_API_KEY",
    serves=("claude-*",),
    models=("claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
)
