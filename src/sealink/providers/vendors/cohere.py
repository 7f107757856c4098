"""Cohere."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import no_stream_options
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="cohere",
    docs="https://docs.cohere.com/reference/chat",
    price_list="cohere",
    profiles=(
        Profile("cohere", "https://api.cohere.com"),
        # https://docs.cohere.com/docs/compatibility-api; of stream_options:
        # https://strandsagents.com/docs/user-guide/concepts/model-providers/cohere/
        Profile("openai", "https://api.cohere.ai/compatibility/v1", transforms=(no_stream_options,)),
    ),
    key_variable="CO_API_KEY",
    serves=("command-*",),
    models=("command-a-03-2025",),
)
