"""Groq."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import openais_message_fields_only
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="groq",
    docs="https://console.groq.com/docs/openai",
    price_list="groq",
    profiles=(
        Profile(
            "openai",
            "https://api.groq.com/openai/v1",
            # "property … is unsupported": github.com/agentjido/req_llm/issues/772
            transforms=(openais_message_fields_only,),
            unsupported=("logit_bias",),  # "will result in a 400 error" (the page above)
        ),
        Profile("responses", "https://api.groq.com/openai/v1"),
    ),
    key_variable="GROQ_API_KEY",
)
