"""Heroku Managed Inference; other regions have other addresses."""

from sealink.providers.vendor import Address, Vendor

VENDOR = Vendor(
    name="heroku",
    docs="https://devcenter.heroku.com/articles/heroku-inference",
    addresses=(Address("openai", "https://us.inference.heroku.com/v1"),),
    key_variable="INFERENCE_KEY",
)
