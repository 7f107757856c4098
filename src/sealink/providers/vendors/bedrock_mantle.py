"""Amazon Bedrock's other endpoint, for models and tools that its first one does not have."""

from sealink.providers.profile import Profile, bearer
from sealink.providers.signers.signing import aws_sigv4
from sealink.providers.vendor import Vendor
from sealink.providers.vendors.bedrock import SETTINGS

VENDOR = Vendor(
    name="bedrock-mantle",
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
    price_list="aws",
    profiles=(
        Profile("openai", "https://bedrock-mantle.{region}.api.aws/v1"),
        Profile("responses", "https://bedrock-mantle.{region}.api.aws/v1"),
        Profile("anthropic", "https://bedrock-mantle.{region}.api.aws/anthropic", auth=bearer),  # anthropic.lib.bedrock
    ),
    key_variable="AWS_BEARER_TOKEN_BEDROCK",
    settings=SETTINGS,
    signing=aws_sigv4("bedrock-mantle"),
    otel_name="aws.bedrock",
)
