"""Google Gemini."""

from sealink.providers.profile import Profile, StatusOverride
from sealink.providers.transforms import without_message_fields
from sealink.providers.vendor import Vendor

STATUS_OVERRIDES = (
    StatusOverride(400, "API key not valid", 401),
)  # recorded: gemini/mirascope-google_gemini_2_5_flash-d86810

VENDOR = Vendor(
    name="gemini",
    docs="https://ai.google.dev/gemini-api/docs",
    price_list="google",
    # From Gemini 3 on each search query is charged: https://ai.google.dev/gemini-api/docs/google-search#pricing
    one_search_fee=("gemini-1*", "gemini-2*"),
    profiles=(
        Profile("gemini", "https://generativelanguage.googleapis.com", status_overrides=STATUS_OVERRIDES),
        Profile(
            "openai",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            transforms=(without_message_fields("reasoning_details"),),  # 'Unknown name "…": Cannot find field'
            status_overrides=STATUS_OVERRIDES,
        ),
    ),
    key_variable="GEMINI_API_KEY",
    serves=("gemini-*",),
    models=("gemini-2.5-pro", "gemini-2.5-flash"),
    otel_name="gcp.gemini",
)
