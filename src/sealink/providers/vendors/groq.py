"""Groq."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import knows_openais_fields_alone

VENDOR = Vendor(
    name="groq",
    docs="https://console.groq.com/docs/openai",
    profiles=(
        Profile(
            "openai",
            "https://api.groq.com/openai/v1",
            # "property … is unsupported": github.com/agentjido/req_llm/issues/772
            transforms=(knows_openais_fields_alone,),
            unsupported=("logit_bias",),  # "will result in a 400 error" (the page above)
        ),
        Profile("responses", "https://api.groq.com/openai/v1"),
    ),
    key_variable="GROQ_API_KEY",
)
