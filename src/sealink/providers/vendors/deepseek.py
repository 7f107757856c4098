"""DeepSeek."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens, thinking_switch, without_message_fields
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="deepseek",
    docs="https://api-docs.deepseek.com",
    price_list="deepseek",
    profiles=(
        Profile(
            "openai",
            "https://api.deepseek.com/v1",
            # https://api-docs.deepseek.com/api/create-chat-completion
            # https://api-docs.deepseek.com/guides/thinking_mode: `thinking` switches it off, no effort does
            # "400 invalid params": github.com/google-gemini/gemini-cli/pull/23523
            transforms=(old_name_of_max_tokens, thinking_switch, without_message_fields("reasoning_details")),
            # "Missing `reasoning_content` field in the assistant message": github.com/decolua/9router/issues/355
            wants_thinking=True,
        ),
        Profile("anthropic", "https://api.deepseek.com/anthropic"),
        Profile("responses", "https://api.deepseek.com"),
    ),
    key_variable="DEEPSEEK_API_KEY",
    serves=("deepseek-*",),
    models=("deepseek-chat", "deepseek-reasoner"),
)
