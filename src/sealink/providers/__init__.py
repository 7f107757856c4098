"""The vendors that SeaLink knows by name. A name in sealink.toml that is not here says its dialect and address.

vendor                      what is known of a vendor: its file's record is one of these
placement                   where one is, as the user configured it
transforms                      its profile, applied to a request
aws_signer, google_signer   what opens the doors of two clouds

All other files are vendors.
"""

from importlib import import_module
from typing import Final

from sealink.providers.vendor import Vendor

FILES: Final = (  # one a line, beside this file; where two answer to a model's name, the first is asked
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
