"""Moonshot (Kimi); in China at https://api.moonshot.cn/v1."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="moonshot",
    docs="https://platform.kimi.ai/docs/api/overview",
    price_list="moonshotai",
    profiles=(
        # `reasoning_content` is to be kept: https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model
        Profile("openai", "https://api.moonshot.ai/v1", wants_thinking=True),
        Profile("responses", "https://api.moonshot.ai/v1"),
        Profile("anthropic", "https://api.moonshot.ai/anthropic", auth=bearer),
    ),
    key_variable="MOONSHOT_API_KEY",
    serves=("kimi-*", "moonshot-*"),
    models=("kimi-k2-thinking",),
    otel_name="moonshot_ai",
)
