"""Azure OpenAI, and Claude in Microsoft Foundry. Models go by the names of your deployments."""

from sealink.errors import HeaderList
from sealink.providers.profile import Profile
from sealink.providers.vendor import Setting, Vendor
from sealink.providers.vendors.openai import TRANSFORMS


def api_key_header(api_key: str) -> HeaderList:
    """`api-key: …`."""
    return (("api-key", api_key),)


VENDOR = Vendor(
    name="azure",
    docs="https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
    price_list="azure",
    profiles=(
        Profile(
            "openai",
            "https://{resource}.openai.azure.com/openai/v1",
            auth=api_key_header,
            transforms=TRANSFORMS,
            takes_custom_tools=True,
            lists_models=False,  # but those that can be deployed
        ),
        Profile("responses", "https://{resource}.openai.azure.com/openai/v1", auth=api_key_header, lists_models=False),
        Profile("anthropic", "https://{resource}.services.ai.azure.com/anthropic", lists_models=False),
    ),
    key_variable="AZURE_OPENAI_API_KEY",
    settings={"resource": Setting(("AZURE_RESOURCE_NAME",))},
    otel_name="azure.ai.openai",
)
