"""vLLM, a server of your own."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="vllm",
    docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    addresses=(Address("openai", "http://localhost:8000/v1"),),
)
