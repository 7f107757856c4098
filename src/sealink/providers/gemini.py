"""Google Gemini."""

from sealink.providers.quirks import never_given
from sealink.providers.vendor import Address, Mistold, Vendor

MISTELLS = (Mistold(400, "API key not valid", 401),)  # recorded: gemini/mirascope-google_gemini_2_5_flash-d86810

VENDOR = Vendor(
    name="gemini",
    docs="https://ai.google.dev/gemini-api/docs",
    addresses=(
        Address("gemini", "https://generativelanguage.googleapis.com", mistells=MISTELLS),
        Address(
            "openai",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            quirks=(never_given("reasoning_details"),),  # 'Unknown name "…": Cannot find field'
            mistells=MISTELLS,
        ),
    ),
    key_variable="GEMINI_API_KEY",
    serves=("gemini-*",),
    models=("gemini-2.5-pro", "gemini-2.5-flash"),
)
