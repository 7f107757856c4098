"""Anthropic."""

from sealink.providers.vendor import Address, Mistold, Vendor

# Recorded: anthropic/loongsuite-sync_messages_create_with_all_params-2-e0bcb1.
MISTELLS = (Mistold(400, "credit balance is too low", 402),)

VENDOR = Vendor(
    name="anthropic",
    docs="https://docs.anthropic.com/en/api/overview",
    addresses=(Address("anthropic", "https://api.anthropic.com", mistells=MISTELLS),),
    key_variable="ANTHROPIC_API_KEY",
    serves=("claude-*",),
    models=("claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"),
)
