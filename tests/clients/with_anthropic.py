"""The anthropic SDK: its streaming helper, whole messages and its async client."""

import asyncio
import json

import anthropic
import scenario

client = anthropic.Anthropic(base_url=scenario.URL, api_key=scenario.KEY, max_retries=0)
TOOL = {
    "name": scenario.TOOL["name"],
    "description": scenario.TOOL["description"],
    "input_schema": scenario.TOOL["parameters"],
}
LIMIT = 1024


def text(model: str) -> list[str]:
    with client.messages.stream(model=model, messages=scenario.ASK, max_tokens=LIMIT) as stream:
        return list(stream.text_stream)


def tool(model: str) -> str:
    turns = list(scenario.ASK)
    with client.messages.stream(model=model, messages=turns, max_tokens=LIMIT, tools=[TOOL]) as stream:
        message = stream.get_final_message()
    assert message.stop_reason == "tool_use", message.stop_reason
    (call,) = [block for block in message.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": scenario.call(json.dumps(call.input))}
    turns += [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(model=model, messages=turns, max_tokens=LIMIT, tools=[TOOL])
    return "".join(block.text for block in answer.content if block.type == "text")


def error(model: str) -> str:
    async def ask() -> None:
        async with anthropic.AsyncAnthropic(base_url=scenario.URL, api_key=scenario.KEY, max_retries=0) as its:
            async for _ in await its.messages.create(model=model, messages=scenario.ASK, max_tokens=LIMIT, stream=True):
                pass

    try:
        asyncio.run(ask())
    except anthropic.APIStatusError as failure:
        return str(failure)
    return ""


scenario.run(text, tool, error)
