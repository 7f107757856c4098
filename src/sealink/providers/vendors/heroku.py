"""Heroku Managed Inference; other regions have other addresses."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="heroku",
    docs="https://devcenter.heroku.com/articles/heroku-inference",
    profiles=(Profile("openai", "https://us.inference.heroku.com/v1"),),
    key_variable="INFERENCE_KEY",
)
