"""Mistral. https://docs.mistral.ai/api"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="mistral",
    dialect="openai, usage unasked",  # 422 on stream_options (github.com/openai/openai-agents-python/issues/442)
    base_url="https://api.mistral.ai/v1",
    key_variable="MISTRAL_API_KEY",
    serves=("mistral-*", "magistral-*", "ministral-*", "codestral-*", "devstral-*"),
    models=("mistral-large-latest", "mistral-small-latest"),
)
