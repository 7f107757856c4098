"""Mistral. https://docs.mistral.ai/api"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="mistral",
    dialect="openai",
    base_url="https://api.mistral.ai/v1",
    key_variable="MISTRAL_API_KEY",
    serves=("mistral-*", "magistral-*", "ministral-*", "codestral-*", "devstral-*"),
    models=("mistral-large-latest", "mistral-small-latest"),
)
