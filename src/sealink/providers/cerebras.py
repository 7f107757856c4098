"""Cerebras."""

from sealink.providers.quirks import knows_openais_fields_alone
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="cerebras",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    # "property … is unsupported": github.com/egoist/chatwise-releases/issues/1442
    addresses=(Address("openai", "https://api.cerebras.ai/v1", quirks=(knows_openais_fields_alone,)),),
    key_variable="CEREBRAS_API_KEY",
)
