"""Moonshot (Kimi); in China at https://api.moonshot.cn/v1."""

from sealink.providers.vendor import Address, Vendor, bearer

VENDOR = Vendor(
    name="moonshot",
    docs="https://platform.kimi.ai/docs/api/overview",
    addresses=(
        # `reasoning_content` is to be kept: https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model
        Address("openai", "https://api.moonshot.ai/v1", wants_thinking=True),
        Address("responses", "https://api.moonshot.ai/v1"),
        Address("anthropic", "https://api.moonshot.ai/anthropic", auth=bearer),
    ),
    key_variable="MOONSHOT_API_KEY",
    serves=("kimi-*", "moonshot-*"),
    models=("kimi-k2-thinking",),
)
