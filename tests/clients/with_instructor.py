"""instructor: structured answers by way of a tool, partial ones as they stream."""

import instructor
import openai
import scenario
from pydantic import BaseModel

client = openai.OpenAI(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0)
structured = instructor.from_openai(client)


class weather(BaseModel):  # noqa: N801 the tool's name
    """Tells the weather in a city."""

    city: str = ""


def text(model: str) -> list[str]:
    stream = client.chat.completions.create(model=model, messages=scenario.ASK, stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]


def tool(model: str) -> str:
    whole = structured.create(model=model, messages=scenario.ASK, response_model=weather, max_retries=0)
    *_, streamed = structured.create_partial(model=model, messages=scenario.ASK, response_model=weather, max_retries=0)
    assert whole.city == streamed.city, (whole, streamed)
    return scenario.weather(whole.city)


def error(model: str) -> str:
    try:
        if model.endswith("-cut"):
            text(model)
        else:
            structured.create(model=model, messages=scenario.ASK, response_model=weather, max_retries=0)
    except Exception as failure:  # noqa: BLE001 it wraps what the SDK raises
        return str(failure) or repr(failure)
    return ""


scenario.run(text, tool, error)
