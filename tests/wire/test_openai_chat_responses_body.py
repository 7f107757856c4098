"""Requests of the Responses API on the path of Chat Completions, as Cursor sends them."""

import json
from typing import Any

import pytest

from sealink.errors import InvalidRequest
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM, OpenAIChatClient
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES

BOTH = OpenAIChatClient(responses_api=RESPONSES)


def forwarded(**fields: Any) -> dict[str, Any]:
    head = BOTH.parse_head(json.dumps({"model": "m", **fields}).encode(), {})
    return dict(json.loads(UPSTREAM.forward_request(head, "m").body))


def test_a_body_of_the_responses_api_becomes_one_of_chat_completions() -> None:
    body = forwarded(
        input=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "function_call", "call_id": "c", "name": "read_file", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "x = 1"},
        ],
        tools=[{"type": "function", "name": "read_file", "parameters": {"type": "object"}}],
        max_output_tokens=50,
        reasoning={"effort": "low"},
        include=["reasoning.encrypted_content"],
        store=False,
        stream=True,
        metadata={"a": "b"},
    )
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][1]["content"] == "Hi"
    assert body["tools"][0]["function"]["name"] == "read_file"
    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (50, "low")
    assert (body["store"], body["metadata"], body["stream"]) == (False, {"a": "b"}, True)
    assert not {"input", "include", "reasoning"} & body.keys()


@pytest.mark.parametrize(
    ("fields", "asked"),
    [({}, False), ({"stream_options": {"include_usage": True}}, True), ({"stream_options": None}, False)],
)
def test_usage_is_told_to_those_who_asked(fields: dict[str, Any], asked: bool) -> None:
    body = json.dumps({"model": "m", "input": "Hi", "stream": True, **fields}).encode()
    assert BOTH.parse_head(body, {}).include_usage is asked


def test_the_task_type_is_still_sealinks() -> None:
    head = BOTH.parse_head(b'{"model":"m","input":"Hi","messages":[],"metadata":{"task_type":"chat"}}', {})
    assert head.task_type == "chat"
    assert b"task_type" not in UPSTREAM.forward_request(head, "m").body


def test_messages_go_first() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"input":"Ho"}'
    assert BOTH.parse_head(body, {}).body == body


def test_mistakes_are_told_by_their_place_in_the_body_that_was_sent() -> None:
    with pytest.raises(InvalidRequest) as caught:
        BOTH.parse_head(b'{"model":"m","input":[{"role":"user"}]}', {})
    assert caught.value.param == "input[0].content"
    for client in (BOTH, CLIENT):
        with pytest.raises(InvalidRequest) as caught:
            client.parse_head(b'{"model":"m"}', {})
        assert caught.value.param == "messages"
