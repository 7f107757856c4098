"""LM Studio, a server of your own."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import max_tokens_is_the_old_name

VENDOR = Vendor(
    name="lmstudio",
    docs="https://lmstudio.ai/docs/developer/openai-compat",
    profiles=(  # the fields that it knows: https://lmstudio.ai/docs/developer/openai-compat/chat-completions
        Profile("openai", "http://localhost:1234/v1", transforms=(max_tokens_is_the_old_name,)),
        Profile("responses", "http://localhost:1234/v1"),
    ),
)
