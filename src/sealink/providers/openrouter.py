"""OpenRouter. https://openrouter.ai/docs/api-reference/overview"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="openrouter",
    dialect="openai",
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
)
