"""What every program here does with SeaLink, and how it tells what it got.

A program is started with the address and the key in the environment and the models' names as arguments. Of each
model `<name>` it streams a text, lets `<name>-tool` call a tool and answer with its result, and asks `<name>-refused`
and `<name>-cut`, which fail before and after the first words; then it streams the text once more. One JSON object
is printed: for each name what came.
"""

import json
import os
import sys
from collections.abc import Callable

URL, KEY = os.environ["SEALINK_URL"], os.environ["SEALINK_KEY"]

QUESTION = "What is the weather in Paris?"
ASK = [{"role": "user", "content": QUESTION}]
TOOL = {
    "name": "weather",
    "description": "Tells the weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"22 degrees in {city}"


def call(arguments: str) -> str:
    """The tool's result for arguments as JSON."""
    return weather(**json.loads(arguments))


def run(text: Callable[[str], list[str]], tool: Callable[[str], str], error: Callable[[str], str]) -> None:
    """`text` gives the pieces that came, `tool` the last answer, `error` the words of the failure."""
    told = {}
    for model in sys.argv[1:]:
        told[model] = {
            "pieces": text(model),
            "answer": tool(f"{model}-tool"),
            "refused": error(f"{model}-refused"),
            "cut": error(f"{model}-cut"),
            "again": "".join(text(model)),
        }
    print(json.dumps(told))
