"""OpenRouter."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.stated_cost import StatedCost
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="openrouter",
    docs="https://openrouter.ai/docs/api-reference/overview",
    price_list="openrouter",
    # https://openrouter.ai/docs/use-cases/usage-accounting: in credits, which are dollars
    stated_cost=StatedCost(("cost",), own_key_path=("cost_details", "upstream_inference_cost")),
    profiles=(
        Profile("openai", "https://openrouter.ai/api/v1"),
        Profile("responses", "https://openrouter.ai/api/v1"),
        Profile("anthropic", "https://openrouter.ai/api", auth=bearer),
    ),
    key_variable="OPENROUTER_API_KEY",
)
