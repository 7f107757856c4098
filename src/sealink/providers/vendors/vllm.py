"""vLLM, a server that you run yourself."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="vllm",
    docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    profiles=(Profile("openai", "http://localhost:8000/v1"),),
)
