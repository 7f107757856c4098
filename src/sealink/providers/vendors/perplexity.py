"""Perplexity."""

from sealink.providers.profile import Profile
from sealink.providers.stated_cost import StatedCost
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="perplexity",
    docs="https://docs.perplexity.ai/guides/chat-completions-guide",
    price_list="perplexity",
    # Its fee for a request depends on `search_context_size`: https://docs.perplexity.ai/getting-started/pricing
    stated_cost=StatedCost(("cost", "total_cost")),
    # https://docs.perplexity.ai/api-reference/chat-completions-post
    profiles=(Profile("openai", "https://api.perplexity.ai", transforms=(old_name_of_max_tokens,)),),
    key_variable="PERPLEXITY_API_KEY",
    serves=("sonar*",),
    models=("sonar", "sonar-pro"),
)
