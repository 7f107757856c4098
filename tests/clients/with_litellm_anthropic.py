"""LiteLLM as a client of Anthropic's messages."""

import on_litellm
import scenario

on_litellm.run(prefix="anthropic", api_base=scenario.URL)
