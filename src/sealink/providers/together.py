"""Together."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="together",
    docs="https://docs.together.ai/docs/openai-api-compatibility",
    addresses=(Address("openai", "https://api.together.xyz/v1"),),
    key_variable="TOGETHER_API_KEY",
)
