"""Perplexity."""

from sealink.providers.quirks import max_tokens_is_the_old_name
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="perplexity",
    docs="https://docs.perplexity.ai/guides/chat-completions-guide",
    # https://docs.perplexity.ai/api-reference/chat-completions-post
    addresses=(Address("openai", "https://api.perplexity.ai", quirks=(max_tokens_is_the_old_name,)),),
    key_variable="PERPLEXITY_API_KEY",
    serves=("sonar*",),
    models=("sonar", "sonar-pro"),
)
