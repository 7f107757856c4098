"""Google Gemini."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="gemini",
    docs="https://ai.google.dev/gemini-api/docs",
    addresses=(
        Address("gemini", "https://generativelanguage.googleapis.com"),
        Address("openai", "https://generativelanguage.googleapis.com/v1beta/openai"),
    ),
    key_variable="GEMINI_API_KEY",
    serves=("gemini-*",),
    models=("gemini-2.5-pro", "gemini-2.5-flash"),
)
