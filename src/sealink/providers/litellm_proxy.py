"""A LiteLLM proxy of your own."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="litellm-proxy",
    docs="https://docs.litellm.ai/docs/proxy/user_keys",
    addresses=(Address("openai", ""),),
    key_variable="LITELLM_PROXY_API_KEY",
)
