"""Venice."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="venice",
    docs="https://docs.venice.ai/api-reference",
    addresses=(Address("openai", "https://api.venice.ai/api/v1"),),
    key_variable="VENICE_API_KEY",
)
