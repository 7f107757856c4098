"""Cerebras."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import knows_openais_fields_alone

VENDOR = Vendor(
    name="cerebras",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    # "property … is unsupported": github.com/egoist/chatwise-releases/issues/1442
    profiles=(Profile("openai", "https://api.cerebras.ai/v1", transforms=(knows_openais_fields_alone,)),),
    key_variable="CEREBRAS_API_KEY",
)
