"""Cohere."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor
from sealink.providers.transforms import usage_comes_unasked

VENDOR = Vendor(
    name="cohere",
    docs="https://docs.cohere.com/reference/chat",
    profiles=(
        Profile("cohere", "https://api.cohere.com"),
        # https://docs.cohere.com/docs/compatibility-api; of stream_options:
        # https://strandsagents.com/docs/user-guide/concepts/model-providers/cohere/
        Profile("openai", "https://api.cohere.ai/compatibility/v1", transforms=(usage_comes_unasked,)),
    ),
    key_variable="CO_API_KEY",
    serves=("command-*",),
    models=("command-a-03-2025",),
)
