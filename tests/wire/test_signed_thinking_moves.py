"""A conversation with signed thinking goes on where Claude is served elsewhere: Anthropic's API, Amazon Bedrock."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import ClientDialect, FallbackIdentity
from sealink.wire.dialects import anthropic_messages, bedrock_converse, openai_chat, openai_responses
from wire.aws_messages import sample
from wire.upstream_line import read_stream

BEDROCK, ANTHROPIC = bedrock_converse.UPSTREAM, anthropic_messages.UPSTREAM
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
REDACTED = "EtkECkgI"
SIGNED = ("I need the weather.", "EpUJCkgIDBABGAIqQO8y")
TOOL: dict[str, Any] = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}


def from_bedrock() -> list[Event]:
    return read_stream(BEDROCK, [sample("thinking_and_tools")])


def from_anthropic() -> list[Event]:
    thinking = {"type": "thinking", "thinking": SIGNED[0], "signature": SIGNED[1]}
    redacted = {"type": "redacted_thinking", "data": REDACTED}
    call = {"type": "tool_use", "id": "tooluse_1", "name": "get_weather", "input": {"city": "Paris"}}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "model": "m", "stop_reason": "tool_use"}
    return ANTHROPIC.decode_whole(json.dumps({**message, "content": [thinking, redacted, call]}).encode())


def chat_turn(told: dict[str, Any]) -> dict[str, Any]:
    message = told["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "1"} for call in message["tool_calls"]]
    tools = [{"type": "function", "function": TOOL}]
    return {"messages": [{"role": "user", "content": "Hi"}, message, *results], "tools": tools}


def messages_turn(told: dict[str, Any]) -> dict[str, Any]:
    ids = [block["id"] for block in told["content"] if block["type"] == "tool_use"]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": told["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "1"} for id in ids]},
    ]
    tools = [{"name": TOOL["name"], "input_schema": TOOL["parameters"]}]
    return {"messages": turns, "max_tokens": 9000, "tools": tools}


def responses_turn(told: dict[str, Any]) -> dict[str, Any]:
    ids = [item["call_id"] for item in told["output"] if item["type"] == "function_call"]
    results = [{"type": "function_call_output", "call_id": id, "output": "1"} for id in ids]
    return {
        "input": [{"role": "user", "content": "Hi"}, *told["output"], *results],
        "tools": [{"type": "function", **TOOL}],
    }


CLIENTS: dict[str, tuple[ClientDialect, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "chat": (openai_chat.CLIENT, chat_turn),
    "messages": (anthropic_messages.CLIENT, messages_turn),
    "responses": (openai_responses.CLIENT, responses_turn),
}


def next_request(name: str, events: list[Event]) -> ChatRequest:
    """The request that a client makes which has been told this, and has run the tools."""
    client, turn = CLIENTS[name]
    told = json.loads(client.whole(ChatRequest(model="m", messages=[]), events, FallbackIdentity("1", 1)))
    return client.parse_request(client.parse_head(json.dumps({"model": "m", **turn(told)}).encode(), {}))


every_client = pytest.mark.parametrize("client", CLIENTS)


@every_client
@pytest.mark.parametrize("events", [from_bedrock, from_anthropic], ids=["from bedrock", "from anthropic"])
def test_to_bedrock(client: str, events: Callable[[], list[Event]]) -> None:
    body = json.loads(BEDROCK.write_request(next_request(client, events()), MODEL).body)
    _, assistant, results = body["messages"]
    text, signature = SIGNED
    assert assistant["content"][0] == {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}
    if events is from_anthropic:
        assert assistant["content"][1] == {"reasoningContent": {"redactedContent": "RXRrRUNrZ0k="}}
    assert {block["toolUse"]["toolUseId"] for block in assistant["content"] if "toolUse" in block} == {
        block["toolResult"]["toolUseId"] for block in results["content"]
    }


@every_client
def test_from_bedrock_to_anthropic(client: str) -> None:
    body = json.loads(ANTHROPIC.write_request(next_request(client, from_bedrock()), "claude-sonnet-4-5").body)
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": SIGNED[0], "signature": SIGNED[1]}
