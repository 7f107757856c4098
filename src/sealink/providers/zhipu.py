"""Zhipu (GLM), in China."""

from sealink.providers.quirks import max_tokens_is_the_old_name, thinking_has_a_switch
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="zhipu",
    docs="https://docs.bigmodel.cn/api-reference",
    addresses=(
        Address(
            "openai",
            "https://open.bigmodel.cn/api/paas/v4",
            # thinking: recorded, zhipu/pydantic-ai-zai_thinking_stream-ea33ea
            quirks=(max_tokens_is_the_old_name, thinking_has_a_switch),
        ),
    ),
    key_variable="ZHIPU_API_KEY",
)
