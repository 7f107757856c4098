"""llama.cpp's server, one of your own."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="llamacpp",
    docs="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
    addresses=(Address("openai", "http://localhost:8080/v1"),),
)
