"""Configs of other gateways as a sealink.toml, for `sealink import`.

- `litellm`: a LiteLLM proxy's config.yaml
- `litellm_providers`: its names and addresses of providers as SeaLink's
- `litellm_settings`: its settings without a counterpart
- `sealink_toml`: what was found, written as a sealink.toml

PURE: text in, text out.
"""
