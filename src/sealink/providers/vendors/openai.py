"""OpenAI."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import openais_message_fields_only, renamed
from sealink.providers.vendor import Vendor

# Reasoning models answer 400 to `max_tokens`, others take either
# (https://platform.openai.com/docs/api-reference/chat/create).
TRANSFORMS = (
    renamed("max_tokens", "max_completion_tokens", models=("o1*", "o3*", "o4*", "gpt-5*")),
    openais_message_fields_only,  # it refuses all that it does not know
)

VENDOR = Vendor(
    name="openai",
    docs="https://platform.openai.com/docs/api-reference",
    price_list="openai",
    profiles=(
        # https://platform.openai.com/docs/guides/function-calling#custom-tools
        Profile("openai", "https://api.openai.com/v1", transforms=TRANSFORMS, takes_custom_tools=True),
        Profile("responses", "https://api.openai.com/v1"),
    ),
    key_variable="OPENAI_API_KEY",
    serves=("gpt-*", "o1*", "o3*", "o4*", "chatgpt-*"),
    models=("gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o", "gpt-4o-mini"),
)
