"""Z.ai, which serves the GLM models outside China."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.transforms import old_name_of_max_tokens, thinking_switch
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="zai",
    docs="https://docs.z.ai/api-reference",
    price_list="zai",
    profiles=(  # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
        Profile("openai", "https://api.z.ai/api/paas/v4", transforms=(old_name_of_max_tokens, thinking_switch)),
        Profile("anthropic", "https://api.z.ai/api/anthropic", auth=bearer),
    ),
    key_variable="ZAI_API_KEY",
    serves=("glm-*",),
    models=("glm-4.7",),
)
