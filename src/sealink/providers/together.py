"""Together. https://docs.together.ai/docs/openai-api-compatibility"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="together",
    dialect="openai",
    base_url="https://api.together.xyz/v1",
    key_variable="TOGETHER_API_KEY",
)
