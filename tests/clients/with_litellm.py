"""LiteLLM as a client of chat completions."""

import on_litellm
import scenario

on_litellm.run(prefix="openai", api_base=f"{scenario.URL}/v1")
