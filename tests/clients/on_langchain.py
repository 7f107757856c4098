"""What all of LangChain's models can do."""

from collections.abc import Callable

import scenario
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool as made_tool


def run(model_of: Callable[[str], BaseChatModel]) -> None:
    def text(model: str) -> list[str]:
        return [chunk.text for chunk in model_of(model).stream(scenario.QUESTION)]

    def tool(model: str) -> str:
        agent = create_agent(model_of(model), [made_tool(scenario.weather)])
        *_, state = agent.stream({"messages": scenario.ASK}, stream_mode="values")
        return state["messages"][-1].text

    def error(model: str) -> str:
        try:
            text(model)
        except Exception as failure:  # noqa: BLE001 each package has its own
            return str(failure) or repr(failure)
        return ""

    scenario.run(text, tool, error)
