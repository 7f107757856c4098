"""GPUStack, a server that you run yourself."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="gpustack",
    docs="https://docs.gpustack.ai/latest/user-guide/openai-compatible-apis/",
    profiles=(Profile("openai", ""),),
    key_variable="GPUSTACK_API_KEY",
)
