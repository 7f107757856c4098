"""LM Studio, a server that you run yourself."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="lmstudio",
    docs="https://lmstudio.ai/docs/developer/openai-compat",
    profiles=(  # the fields that it knows: https://lmstudio.ai/docs/developer/openai-compat/chat-completions
        Profile("openai", "http://localhost:1234/v1", transforms=(old_name_of_max_tokens,)),
        Profile("responses", "http://localhost:1234/v1"),
    ),
)
