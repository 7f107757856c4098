"""Perplexity."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import max_tokens_is_the_old_name

VENDOR = Vendor(
    name="perplexity",
    docs="https://docs.perplexity.ai/guides/chat-completions-guide",
    # https://docs.perplexity.ai/api-reference/chat-completions-post
    profiles=(Profile("openai", "https://api.perplexity.ai", transforms=(max_tokens_is_the_old_name,)),),
    key_variable="PERPLEXITY_API_KEY",
    serves=("sonar*",),
    models=("sonar", "sonar-pro"),
)
