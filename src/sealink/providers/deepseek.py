"""DeepSeek. https://api-docs.deepseek.com"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="deepseek",
    dialect="openai",
    base_url="https://api.deepseek.com/v1",
    key_variable="DEEPSEEK_API_KEY",
    serves=("deepseek-*",),
    models=("deepseek-chat", "deepseek-reasoner"),
)
