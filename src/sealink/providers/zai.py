"""Z.ai, which serves the GLM models outside China."""

from sealink.providers.quirks import max_tokens_is_the_old_name, thinking_has_a_switch
from sealink.providers.vendor import Address, Vendor, bearer

VENDOR = Vendor(
    name="zai",
    docs="https://docs.z.ai/api-reference",
    addresses=(  # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
        Address("openai", "https://api.z.ai/api/paas/v4", quirks=(max_tokens_is_the_old_name, thinking_has_a_switch)),
        Address("anthropic", "https://api.z.ai/api/anthropic", auth=bearer),
    ),
    key_variable="ZAI_API_KEY",
    serves=("glm-*",),
    models=("glm-4.7",),
)
