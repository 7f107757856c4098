"""mistral.rs, a server that you run yourself."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="mistralrs",
    docs="https://github.com/EricLBuehler/mistral.rs",
    profiles=(Profile("openai", "http://localhost:1234/v1"),),
)
