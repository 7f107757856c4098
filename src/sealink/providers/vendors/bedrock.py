"""Amazon Bedrock, by Converse, an API of its own, or by OpenAI's."""

from sealink.providers.profile import Profile
from sealink.providers.signers.signing import aws_sigv4
from sealink.providers.vendor import Setting, Vendor

SETTINGS = {
    "region": Setting(("AWS_REGION", "AWS_DEFAULT_REGION")),
    "profile": Setting(("AWS_PROFILE",), optional=True),
}

VENDOR = Vendor(
    name="bedrock",
    docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    price_list="aws",
    profiles=(
        Profile("bedrock", "https://bedrock-runtime.{region}.amazonaws.com"),
        # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html
        Profile("responses", "https://bedrock-runtime.{region}.amazonaws.com/openai/v1"),
        Profile("openai", "https://bedrock-runtime.{region}.amazonaws.com/openai/v1"),
    ),
    key_variable="AWS_BEARER_TOKEN_BEDROCK",  # https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    settings=SETTINGS,
    signing=aws_sigv4("bedrock"),
    otel_name="aws.bedrock",
)
