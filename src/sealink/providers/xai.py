"""xAI."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="xai",
    docs="https://docs.x.ai/docs/api-reference",
    addresses=(
        Address("openai", "https://api.x.ai/v1"),
        Address("responses", "https://api.x.ai/v1"),
    ),
    key_variable="XAI_API_KEY",
    serves=("grok-*",),
    models=("grok-4",),
)
