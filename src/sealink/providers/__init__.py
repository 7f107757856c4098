"""The vendors that SeaLink knows by name. Any other provider needs a dialect and an address in sealink.toml.

vendor      what is known of a vendor: the record in its file
vendors/    a file for each vendor
profile     how a vendor differs from the dialect that it speaks
transforms  a profile applied to a request, and transforms that several vendors share
resolve     a provider's address, key and settings: the user's configuration completed from the vendor's record
signers/    requests that are authorized by more than an API key
stated_cost what a vendor says that an answer costs
provider    a provider as requests are sent to it, and its timeouts
"""

from importlib import import_module
from typing import Final

from sealink.providers.vendor import Vendor

FILES: Final = (  # of vendors/, one a line; where two serve a model's name, the first is used
    "anthropic",
    "openai",
    "gemini",
    "deepseek",
    "mistral",
    "xai",
    "qwen",
    "moonshot",
    "zai",
    "zhipu",
    "cohere",
    "perplexity",
    "writer",
    "groq",
    "cerebras",
    "openrouter",
    "together",
    "fireworks",
    "huggingface",
    "venice",
    "avian",
    "crusoe",
    "doubleword",
    "azure",
    "bedrock",
    "bedrock_mantle",
    "vertex",
    "snowflake",
    "heroku",
    "vercel_gateway",
    "portkey",
    "litellm_proxy",
    "gpustack",
    "vllm",
    "llamacpp",
    "ollama",
    "lmstudio",
    "mistralrs",
)


def _vendor(file: str) -> Vendor:
    vendor = import_module(f"sealink.providers.vendors.{file}").VENDOR
    assert isinstance(vendor, Vendor)
    return vendor


VENDORS: Final[dict[str, Vendor]] = {vendor.name: vendor for vendor in map(_vendor, FILES)}
