"""OpenRouter."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="openrouter",
    docs="https://openrouter.ai/docs/api-reference/overview",
    profiles=(
        Profile("openai", "https://openrouter.ai/api/v1"),
        Profile("responses", "https://openrouter.ai/api/v1"),
        Profile("anthropic", "https://openrouter.ai/api", auth=bearer),
    ),
    key_variable="OPENROUTER_API_KEY",
)
