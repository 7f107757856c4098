"""Groq. https://console.groq.com/docs/openai"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="groq",
    dialect="openai",
    base_url="https://api.groq.com/openai/v1",
    key_variable="GROQ_API_KEY",
)
