"""Vercel's AI Gateway."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="vercel-gateway",
    docs="https://vercel.com/docs/ai-gateway/openai-compat",
    profiles=(Profile("openai", "https://ai-gateway.vercel.sh/v1"),),
    key_variable="AI_GATEWAY_API_KEY",
)
