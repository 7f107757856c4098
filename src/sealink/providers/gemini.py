"""Google Gemini, by its OpenAI-compatible address. https://ai.google.dev/gemini-api/docs/openai"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="gemini",
    dialect="openai",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_variable="GEMINI_API_KEY",
    serves=("gemini-*",),
    models=("gemini-2.5-pro", "gemini-2.5-flash"),
)
