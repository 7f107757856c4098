"""The openai SDK: chunks, its streaming helper and its async client."""

import asyncio

import openai
import scenario

client = openai.OpenAI(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0)
TOOL = {"type": "function", "function": scenario.TOOL}


def text(model: str) -> list[str]:
    stream = client.chat.completions.create(model=model, messages=scenario.ASK, stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]


def tool(model: str) -> str:
    messages = list(scenario.ASK)
    with client.chat.completions.stream(model=model, messages=messages, tools=[TOOL]) as stream:
        message = stream.get_final_completion().choices[0].message
    (call,) = message.tool_calls
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": scenario.call(call.function.arguments)}]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    return answer.choices[0].message.content


def error(model: str) -> str:
    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0) as its:
            async for _ in await its.chat.completions.create(model=model, messages=scenario.ASK, stream=True):
                pass

    try:
        asyncio.run(ask())
    except openai.APIError as failure:
        return str(failure)
    return ""


scenario.run(text, tool, error)
