"""GPUStack, a server of your own."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="gpustack",
    docs="https://docs.gpustack.ai/latest/user-guide/openai-compatible-apis/",
    addresses=(Address("openai", ""),),
    key_variable="GPUSTACK_API_KEY",
)
