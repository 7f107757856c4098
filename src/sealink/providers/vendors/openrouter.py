"""OpenRouter."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.stated_cost import StatedCost
from sealink.providers.vendor import Vendor


def without_variant(model: str) -> str:
    """`vendor/model:nitro` is a way to `vendor/model`. https://openrouter.ai/docs/faq#model-variants"""
    return model.partition(":")[0]


VENDOR = Vendor(
    name="openrouter",
    docs="https://openrouter.ai/docs/api-reference/overview",
    price_list="openrouter",
    # https://openrouter.ai/docs/use-cases/usage-accounting: in credits, which are dollars
    stated_cost=StatedCost(("cost",), own_key_path=("cost_details", "upstream_inference_cost")),
    profiles=(
        Profile("openai", "https://openrouter.ai/api/v1", listed_as=without_variant),
        Profile("responses", "https://openrouter.ai/api/v1", listed_as=without_variant),
        Profile("anthropic", "https://openrouter.ai/api", auth=bearer, listed_as=without_variant),
    ),
    key_variable="OPENROUTER_API_KEY",
)
