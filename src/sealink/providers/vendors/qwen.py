"""Qwen, by Alibaba Cloud's Model Studio (DashScope); in China at https://dashscope.aliyuncs.com/compatible-mode/v1."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor
from sealink.wire.raw_json.fields import Fields, is_null, text_of, to_raw, without


def thinking_is_a_flag(fields: Fields) -> Fields:
    """`reasoning_effort` is `enable_thinking`: false for "none" and "minimal", else true."""
    effort = text_of(fields.get("reasoning_effort"))
    if effort is None:
        return fields
    rest = without(fields, "reasoning_effort")
    if not is_null(fields.get("enable_thinking")):
        return rest
    return {**rest, "enable_thinking": to_raw(effort not in ("none", "minimal"))}


VENDOR = Vendor(
    name="qwen",
    docs="https://www.alibabacloud.com/help/en/model-studio/use-qwen-by-calling-api",
    profiles=(
        Profile(
            "openai",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            # https://www.alibabacloud.com/help/en/model-studio/deep-thinking
            transforms=(old_name_of_max_tokens, thinking_is_a_flag),
        ),
    ),
    key_variable="DASHSCOPE_API_KEY",
    serves=("qwen*", "qwq-*"),
    models=("qwen-max", "qwen-plus"),
)
