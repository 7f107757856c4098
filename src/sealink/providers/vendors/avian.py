"""Avian."""

from sealink.providers.profile import Profile
from sealink.providers.stated_cost import StatedCost
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="avian",
    docs="https://avian.io/docs",
    price_list="avian",
    stated_cost=StatedCost(("cost",)),  # recorded: avian
    profiles=(Profile("openai", "https://api.avian.io/v1"),),
    key_variable="AVIAN_API_KEY",
)
