"""pydantic-ai over Anthropic's messages."""

import on_pydantic_ai
import scenario
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

provider = AnthropicProvider(base_url=scenario.URL, api_key=scenario.KEY)
on_pydantic_ai.run(lambda model: AnthropicModel(model, provider=provider))
