"""Ollama, a server of your own."""

from sealink.providers.quirks import max_tokens_is_the_old_name
from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="ollama",
    docs="https://docs.ollama.com/api",
    addresses=(
        Address("ollama", "http://localhost:11434"),
        # https://docs.ollama.com/api/openai-compatibility lists the fields that it knows
        Address("openai", "http://localhost:11434/v1", quirks=(max_tokens_is_the_old_name,)),
    ),
)
