"""Which requests ask for what is parsed when it is whole: told of every request, by few of its fields."""

import json
from typing import Any

import pytest

from sealink.errors import InvalidRequest
from sealink.wire.dialect import ClientDialect
from sealink.wire.dialects.anthropic_messages import CLIENT as MESSAGES
from sealink.wire.dialects.openai_chat import CLIENT as CHAT
from sealink.wire.dialects.openai_chat import OpenAIChatClient
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES
from sealink.wire.embeddings.client import EmbeddingsClient

ASKED: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hi"}],
    "input": "Hi",
    "tools": [],
    "temperature": 0.5,
}
SCHEMA = {"type": "object"}
FORMAT = {"type": "json_schema", "name": "s", "schema": SCHEMA}
NAMED = {"type": "function", "name": "f"}


@pytest.mark.parametrize(
    ("client", "fields", "kind"),
    [
        (CHAT, {}, None),
        (CHAT, {"response_format": None, "tool_choice": None, "function_call": None}, None),
        (CHAT, {"response_format": {"type": "text"}, "tool_choice": "auto"}, None),
        (CHAT, {"response_format": {"type": "json_object"}, "tool_choice": "required"}, "json"),
        (CHAT, {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}}, "json"),
        (CHAT, {"tool_choice": "none"}, None),
        (CHAT, {"tool_choice": "required"}, "call"),
        (CHAT, {"tool_choice": "any"}, "call"),
        (CHAT, {"tool_choice": {"type": "function", "function": {"name": "f"}}}, "call"),
        (CHAT, {"tool_choice": {"function": {"name": "f"}}}, "call"),
        (CHAT, {"tool_choice": {"type": "custom", "custom": {"name": "f"}}}, "call"),
        (CHAT, {"tool_choice": {"type": "auto"}}, None),
        (CHAT, {"tool_choice": {"type": "any"}}, "call"),
        (CHAT, {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}}, None),
        (CHAT, {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}}, "call"),
        (CHAT, {"function_call": "auto"}, None),
        (CHAT, {"function_call": {"name": "f"}}, "call"),
        (RESPONSES, {}, None),
        (RESPONSES, {"text": {"verbosity": "low"}, "tool_choice": "auto"}, None),
        (RESPONSES, {"text": {"format": {"type": "text"}}}, None),
        (RESPONSES, {"text": {"format": {"type": "json_object"}}}, "json"),
        (RESPONSES, {"text": {"format": FORMAT}, "tool_choice": NAMED}, "json"),
        (RESPONSES, {"tool_choice": "required"}, "call"),
        (RESPONSES, {"tool_choice": NAMED}, "call"),
        (RESPONSES, {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [NAMED]}}, "call"),
        (MESSAGES, {}, None),
        (MESSAGES, {"output_config": {"effort": "low"}, "tool_choice": {"type": "auto"}}, None),
        (MESSAGES, {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "json"),
        (MESSAGES, {"output_format": {"type": "json_schema", "schema": SCHEMA}}, "json"),
        (MESSAGES, {"output_format": None, "output_config": {"format": {"type": "json_schema", "schema": {}}}}, "json"),
        (MESSAGES, {"tool_choice": {"type": "none"}}, None),
        (MESSAGES, {"tool_choice": {"type": "any"}}, "call"),
        (MESSAGES, {"tool_choice": {"type": "tool", "name": "f"}}, "call"),
    ],
)
def test_it_is_what_the_whole_request_says(client: ClientDialect, fields: dict[str, Any], kind: str | None) -> None:
    head = client.parse_head(json.dumps({**ASKED, **fields}).encode(), {})
    assert client.structured_output(head) == kind
    whole = client.parse_request(head)
    asks_json = whole.response_format is not None and whole.response_format.kind != "text"
    calls = whole.tool_choice is not None and whole.tool_choice.mode in ("required", "named")
    assert kind == ("json" if asks_json else "call" if calls else None)


@pytest.mark.parametrize(
    ("client", "fields", "kind"),
    [
        (CHAT, {"response_format": {"type": "grammar", "grammar": "…"}}, "json"),
        (CHAT, {"response_format": "json", "tool_choice": 7, "function_call": []}, None),
        (CHAT, {"response_format": {"type": {}}, "tool_choice": "sometimes"}, None),
        (RESPONSES, {"tool_choice": {"type": "web_search"}}, None),
        (RESPONSES, {"text": "json", "tool_choice": {"type": "allowed_tools"}}, None),
        (MESSAGES, {"output_config": [], "tool_choice": "sometimes"}, None),
    ],
)
def test_what_only_the_provider_can_read_is_no_error(
    client: ClientDialect, fields: dict[str, Any], kind: str | None
) -> None:
    head = client.parse_head(json.dumps({**ASKED, **fields}).encode(), {})
    with pytest.raises(InvalidRequest):
        client.parse_request(head)
    assert client.structured_output(head) == kind


def test_a_request_of_another_shape_on_the_path_of_chat_counts_too() -> None:
    body = {"model": "m", "input": "Hi", "text": {"format": FORMAT}}
    client = OpenAIChatClient(responses_api=RESPONSES)
    assert client.structured_output(client.parse_head(json.dumps(body).encode(), {})) == "json"


def test_embeddings_never_are() -> None:
    client = EmbeddingsClient()
    assert client.structured_output(client.parse_head(json.dumps(ASKED).encode(), {})) is None
