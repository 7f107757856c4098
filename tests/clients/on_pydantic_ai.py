"""What all of pydantic-ai's models can do."""

from collections.abc import Callable

import scenario
from pydantic_ai import Agent
from pydantic_ai.models import Model


def run(model_of: Callable[[str], Model]) -> None:
    def text(model: str) -> list[str]:
        answer = Agent(model_of(model)).run_stream_sync(scenario.QUESTION)
        return list(answer.stream_text(delta=True, debounce_by=None))

    def tool(model: str) -> str:
        return Agent(model_of(model), tools=[scenario.weather]).run_sync(scenario.QUESTION).output

    def error(model: str) -> str:
        try:
            text(model)
        except Exception as failure:  # noqa: BLE001 each package has its own
            return str(failure) or repr(failure)
        return ""

    scenario.run(text, tool, error)
