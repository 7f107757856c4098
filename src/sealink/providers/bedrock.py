"""Amazon Bedrock, by Converse, an API of its own, or by OpenAI's."""

from sealink.providers.aws_signer import aws_signer
from sealink.providers.vendor import Address, Setting, Vendor

SETTINGS = {
    "region": Setting(("AWS_REGION", "AWS_DEFAULT_REGION")),
    "profile": Setting(("AWS_PROFILE",), optional=True),
}

VENDOR = Vendor(
    name="bedrock",
    docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    addresses=(
        Address("bedrock", "https://bedrock-runtime.{region}.amazonaws.com"),
        # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html
        Address("responses", "https://bedrock-runtime.{region}.amazonaws.com/openai/v1"),
        Address("openai", "https://bedrock-runtime.{region}.amazonaws.com/openai/v1"),
    ),
    key_variable="AWS_BEARER_TOKEN_BEDROCK",  # https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    settings=SETTINGS,
    signer=aws_signer("bedrock"),
)
