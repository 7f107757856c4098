"""Groq."""

from sealink.providers.quirks import knows_openais_fields_alone
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="groq",
    docs="https://console.groq.com/docs/openai",
    addresses=(
        Address(
            "openai",
            "https://api.groq.com/openai/v1",
            # "property … is unsupported": github.com/agentjido/req_llm/issues/772
            quirks=(knows_openais_fields_alone,),
            refuses=("logit_bias",),  # "will result in a 400 error" (the page above)
        ),
        Address("responses", "https://api.groq.com/openai/v1"),
    ),
    key_variable="GROQ_API_KEY",
)
