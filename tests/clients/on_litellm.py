"""LiteLLM as a client."""

import gc
import json

import litellm
import scenario

gc.disable()
"""LiteLLM stops reading Anthropic's streams at `message_stop` and leaves them to the collector. Where that closes one
while httpcore 1 holds its pool's lock, on the same thread, the program waits for itself for ever."""

TOOLS = [{"type": "function", "function": scenario.TOOL}]


def run(**where: str) -> None:
    """`where` is the address, and the prefix by which LiteLLM knows what is spoken there."""
    prefix = where.pop("prefix")

    def asked(model: str, **fields: object) -> object:
        return litellm.completion(model=f"{prefix}/{model}", api_key=scenario.KEY, num_retries=0, **where, **fields)

    def text(model: str) -> list[str]:
        stream = asked(model, messages=scenario.ASK, stream=True)
        return [chunk.choices[0].delta.content or "" for chunk in stream]

    def tool(model: str) -> str:
        messages = list(scenario.ASK)
        message = asked(model, messages=messages, tools=TOOLS).choices[0].message
        (call,) = message.tool_calls
        result = scenario.call(call.function.arguments)
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": result}]
        chunks = asked(model, messages=json.loads(json.dumps(messages, default=dict)), tools=TOOLS, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    def error(model: str) -> str:
        try:
            text(model)
        except Exception as failure:  # noqa: BLE001 it has an exception for each vendor's
            return str(failure) or repr(failure)
        return ""

    scenario.run(text, tool, error)
