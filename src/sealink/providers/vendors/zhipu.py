"""Zhipu (GLM), in China."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import max_tokens_is_the_old_name, thinking_has_a_switch

VENDOR = Vendor(
    name="zhipu",
    docs="https://docs.bigmodel.cn/api-reference",
    profiles=(
        Profile(
            "openai",
            "https://open.bigmodel.cn/api/paas/v4",
            # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
            transforms=(max_tokens_is_the_old_name, thinking_has_a_switch),
        ),
    ),
    key_variable="ZHIPU_API_KEY",
)
