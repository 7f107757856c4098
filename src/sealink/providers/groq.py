"""Groq."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="groq",
    docs="https://console.groq.com/docs/openai",
    addresses=(
        # "will result in a 400 error" (the page above)
        Address("openai", "https://api.groq.com/openai/v1", refuses=("logit_bias",)),
        Address("responses", "https://api.groq.com/openai/v1"),
    ),
    key_variable="GROQ_API_KEY",
)
