"""Cerebras."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="cerebras",
    docs="https://inference-docs.cerebras.ai/resources/openai",
    addresses=(
        Address(
            "openai",
            "https://api.cerebras.ai/v1",
            # 400: https://inference-docs.cerebras.ai/resources/openai#currently-unsupported-openai-features
            refuses={
                "*": ("frequency_penalty", "logit_bias", "parallel_tool_calls", "presence_penalty", "service_tier")
            },
        ),
    ),
    key_variable="CEREBRAS_API_KEY",
)
