"""Perplexity."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="perplexity",
    docs="https://docs.perplexity.ai/guides/chat-completions-guide",
    # https://docs.perplexity.ai/api-reference/chat-completions-post
    profiles=(Profile("openai", "https://api.perplexity.ai", transforms=(old_name_of_max_tokens,)),),
    key_variable="PERPLEXITY_API_KEY",
    serves=("sonar*",),
    models=("sonar", "sonar-pro"),
)
