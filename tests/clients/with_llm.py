"""Simon Willison's llm, with the models that a user adds in extra-openai-models.yaml."""

import os
import sys
import tempfile
from pathlib import Path

import scenario

FOLDER = Path(tempfile.mkdtemp())
os.environ["LLM_USER_PATH"] = str(FOLDER)
NAMES = [name + scene for name in sys.argv[1:] for scene in ("", "-tool", "-refused", "-cut")]
(FOLDER / "extra-openai-models.yaml").write_text(
    "".join(
        f"- model_id: {name}\n  model_name: {name}\n  api_base: {scenario.URL}/v1\n"
        "  api_key_name: sealink\n  supports_tools: true\n"
        for name in NAMES
    )
)

import llm  # noqa: E402 it reads its folder's name when it is imported


def text(model: str) -> list[str]:
    return list(llm.get_model(model).prompt(scenario.QUESTION, key=scenario.KEY))


def tool(model: str) -> str:
    chain = llm.get_model(model).chain(scenario.QUESTION, tools=[scenario.weather], key=scenario.KEY)
    return chain.text()


def error(model: str) -> str:
    try:
        text(model)
    except Exception as failure:  # noqa: BLE001 it lets through whatever comes
        return str(failure) or repr(failure)
    return ""


scenario.run(text, tool, error)
