"""DeepSeek."""

from sealink.providers.quirks import max_tokens_is_the_old_name, never_given, thinking_has_a_switch
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="deepseek",
    docs="https://api-docs.deepseek.com",
    addresses=(
        Address(
            "openai",
            "https://api.deepseek.com/v1",
            # https://api-docs.deepseek.com/api/create-chat-completion
            # https://api-docs.deepseek.com/guides/thinking_mode: the switch has no place among the efforts
            # "400 invalid params": github.com/google-gemini/gemini-cli/pull/23523
            quirks=(max_tokens_is_the_old_name, thinking_has_a_switch, never_given("reasoning_details")),
            # "Missing `reasoning_content` field in the assistant message": github.com/decolua/9router/issues/355
            wants_thinking=True,
        ),
        Address("anthropic", "https://api.deepseek.com/anthropic"),
        Address("responses", "https://api.deepseek.com"),
    ),
    key_variable="DEEPSEEK_API_KEY",
    serves=("deepseek-*",),
    models=("deepseek-chat", "deepseek-reasoner"),
)
