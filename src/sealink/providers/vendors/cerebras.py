"""Cerebras."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import openais_message_fields_only
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="cerebras",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    price_list="cerebras",
    # "property … is unsupported": github.com/egoist/chatwise-releases/issues/1442
    profiles=(Profile("openai", "https://api.cerebras.ai/v1", transforms=(openais_message_fields_only,)),),
    key_variable="CEREBRAS_API_KEY",
)
