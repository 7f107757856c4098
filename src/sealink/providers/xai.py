"""xAI. https://docs.x.ai/docs/api-reference"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="xai",
    dialect="openai",
    base_url="https://api.x.ai/v1",
    key_variable="XAI_API_KEY",
    serves=("grok-*",),
    models=("grok-4",),
)
