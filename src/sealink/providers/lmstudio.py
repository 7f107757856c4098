"""LM Studio, a server of your own."""

from sealink.providers.quirks import max_tokens_is_the_old_name
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="lmstudio",
    docs="https://lmstudio.ai/docs/developer/openai-compat",
    addresses=(  # the fields that it knows: https://lmstudio.ai/docs/developer/openai-compat/chat-completions
        Address("openai", "http://localhost:1234/v1", quirks=(max_tokens_is_the_old_name,)),
        Address("responses", "http://localhost:1234/v1"),
    ),
)
