"""Cohere."""

from sealink.providers.quirks import usage_comes_unasked
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="cohere",
    docs="https://docs.cohere.com/reference/chat",
    addresses=(
        Address("cohere", "https://api.cohere.com"),
        # https://docs.cohere.com/docs/compatibility-api; of stream_options:
        # https://strandsagents.com/docs/user-guide/concepts/model-providers/cohere/
        Address("openai", "https://api.cohere.ai/compatibility/v1", quirks=(usage_comes_unasked,)),
    ),
    key_variable="CO_API_KEY",
    serves=("command-*",),
    models=("command-a-03-2025",),
)
