"""OpenRouter."""

from sealink.providers.vendor import Address, Vendor, bearer

VENDOR = Vendor(
    name="openrouter",
    docs="https://openrouter.ai/docs/api-reference/overview",
    addresses=(
        Address("openai", "https://openrouter.ai/api/v1"),
        Address("responses", "https://openrouter.ai/api/v1"),
        Address("anthropic", "https://openrouter.ai/api", auth=bearer),
    ),
    key_variable="OPENROUTER_API_KEY",
)
