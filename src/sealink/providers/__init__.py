"""The vendors that SeaLink knows by name. A name in sealink.toml that is not here says its dialect and address."""

from sealink.providers import anthropic, deepseek, gemini, groq, mistral, openai, openrouter, together, xai
from sealink.providers.vendor import Vendor

VENDORS: dict[str, Vendor] = {
    module.VENDOR.name: module.VENDOR
    for module in (anthropic, openai, gemini, deepseek, mistral, xai, groq, openrouter, together)
}
