"""mistral.rs, a server of your own."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="mistralrs",
    docs="https://github.com/EricLBuehler/mistral.rs",
    addresses=(Address("openai", "http://localhost:1234/v1"),),
)
