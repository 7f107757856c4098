"""Amazon Bedrock's other endpoint, for models and tools that its first one does not have."""

from sealink.providers.aws_signer import aws_signer
from sealink.providers.bedrock import SETTINGS
from sealink.providers.vendor import Address, Vendor, bearer

VENDOR = Vendor(
    name="bedrock-mantle",
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
    addresses=(
        Address("openai", "https://bedrock-mantle.{region}.api.aws/v1"),
        Address("responses", "https://bedrock-mantle.{region}.api.aws/v1"),
        Address("anthropic", "https://bedrock-mantle.{region}.api.aws/anthropic", auth=bearer),  # anthropic.lib.bedrock
    ),
    key_variable="AWS_BEARER_TOKEN_BEDROCK",
    settings=SETTINGS,
    signer=aws_signer("bedrock-mantle"),
)
