"""Zhipu (GLM), in China."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens, thinking_switch
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="zhipu",
    docs="https://docs.bigmodel.cn/api-reference",
    price_list="zhipuai",
    profiles=(
        Profile(
            "openai",
            "https://open.bigmodel.cn/api/paas/v4",
            # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
            transforms=(old_name_of_max_tokens, thinking_switch),
        ),
    ),
    key_variable="ZHIPU_API_KEY",
)
