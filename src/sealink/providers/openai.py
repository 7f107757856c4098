"""OpenAI. https://platform.openai.com/docs/api-reference/chat"""

from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="openai",
    dialect="openai",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    serves=("gpt-*", "o1*", "o3*", "o4*", "chatgpt-*"),
    models=("gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o", "gpt-4o-mini"),
)
