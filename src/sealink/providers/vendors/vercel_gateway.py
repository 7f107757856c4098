"""Vercel's AI Gateway."""

from sealink.providers.profile import Profile
from sealink.providers.stated_cost import StatedCost
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="vercel-gateway",
    docs="https://vercel.com/docs/ai-gateway/openai-compat",
    # Recorded: vercel-gateway/fantasy-thinking-streaming-a15b33
    stated_cost=StatedCost(("cost",), own_key_path=("market_cost",)),
    profiles=(Profile("openai", "https://ai-gateway.vercel.sh/v1"),),
    key_variable="AI_GATEWAY_API_KEY",
)
