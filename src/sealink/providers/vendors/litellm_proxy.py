"""A LiteLLM proxy of your own."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="litellm-proxy",
    docs="https://docs.litellm.ai/docs/proxy/user_keys",
    profiles=(Profile("openai", ""),),
    key_variable="LITELLM_PROXY_API_KEY",
)
