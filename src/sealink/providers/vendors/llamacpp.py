"""llama.cpp's server, run by yourself."""

from sealink.providers.profile import Profile, StatusOverride
from sealink.providers.vendor import Vendor

# Recorded: llamacpp/rig-image_without_mmproj-5c5bdb, -schema_and_grammar_conflict-3f237c, -tools_without_jinja-9c9940.
STATUS_OVERRIDES = (StatusOverride(500, "is not supported|cannot use both|requires --jinja", 400),)

VENDOR = Vendor(
    name="llamacpp",
    docs="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
    profiles=(Profile("openai", "http://localhost:8080/v1", status_overrides=STATUS_OVERRIDES),),
)
