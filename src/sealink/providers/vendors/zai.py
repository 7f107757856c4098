"""Z.ai, which serves the GLM models outside China."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import max_tokens_is_the_old_name, thinking_has_a_switch

VENDOR = Vendor(
    name="zai",
    docs="https://docs.z.ai/api-reference",
    profiles=(  # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
        Profile(
            "openai", "https://api.z.ai/api/paas/v4", transforms=(max_tokens_is_the_old_name, thinking_has_a_switch)
        ),
        Profile("anthropic", "https://api.z.ai/api/anthropic", auth=bearer),
    ),
    key_variable="ZAI_API_KEY",
    serves=("glm-*",),
    models=("glm-4.7",),
)
