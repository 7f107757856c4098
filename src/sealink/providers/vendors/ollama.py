"""Ollama, a server that you run yourself."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="ollama",
    docs="https://docs.ollama.com/api",
    profiles=(
        Profile("ollama", "http://localhost:11434"),
        # https://docs.ollama.com/api/openai-compatibility lists the fields that it knows
        Profile("openai", "http://localhost:11434/v1", transforms=(old_name_of_max_tokens,)),
    ),
)
