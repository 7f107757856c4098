"""pydantic-ai over responses."""

import on_pydantic_ai
import scenario
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY)
on_pydantic_ai.run(lambda model: OpenAIResponsesModel(model, provider=provider))
