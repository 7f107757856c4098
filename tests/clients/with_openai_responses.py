"""The openai SDK's responses: events, its streaming helper and its async client."""

import asyncio

import openai
import scenario

client = openai.OpenAI(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0)
TOOL = {"type": "function", "strict": None, **scenario.TOOL}


def text(model: str) -> list[str]:
    stream = client.responses.create(model=model, input=scenario.QUESTION, stream=True)
    return [event.delta for event in stream if event.type == "response.output_text.delta"]


def tool(model: str) -> str:
    turns = list(scenario.ASK)
    with client.responses.stream(model=model, input=turns, tools=[TOOL]) as stream:
        output = stream.get_final_response().output
    (call,) = [item for item in output if item.type == "function_call"]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": scenario.call(call.arguments)}
    turns += [*(item.to_dict(exclude_unset=True) for item in output), result]
    return client.responses.create(model=model, input=turns, tools=[TOOL]).output_text


def error(model: str) -> str:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0) as its:
            async for event in await its.responses.create(model=model, input=scenario.QUESTION, stream=True):
                if event.type == "error":
                    return event.message
                if event.type == "response.failed":
                    return event.response.error.message
        return ""

    try:
        return asyncio.run(ask())
    except openai.APIError as failure:
        return str(failure)


scenario.run(text, tool, error)
