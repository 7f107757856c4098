"""What an upstream cannot be told is named to the client in its own words."""

import json
from typing import Any

import pytest

from sealink.errors import InvalidRequest
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.operations.chat import write_request
from sealink.policy.routing import Target
from sealink.providers.provider import Provider
from sealink.wire.dialect import ClientDialect, UpstreamDialect
from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


def dropped(client: ClientDialect, upstream: UpstreamDialect, model: str = "m", **fields: Any) -> list[str]:
    head = client.parse_head(json.dumps({**ASKED, **fields}).encode(), {})
    target = Target(Provider(name="p", dialect=upstream, base_url="http://p"), model)
    return list(write_request(ClientRequest("req_1", client, head, 0.0), target).dropped)


def test_to_anthropics_clients() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
    found = dropped(anthropic_messages.CLIENT, openai_chat.UPSTREAM, thinking=thinking, top_k=3)
    assert sorted(found) == ["thinking.budget_tokens", "thinking.display", "top_k"]


def test_to_responses_clients() -> None:
    fields = {"input": "Hi", "reasoning": {"effort": "low"}, "max_output_tokens": 9}
    assert "reasoning.effort" in dropped(openai_responses.CLIENT, anthropic_messages.UPSTREAM, **fields)


def test_to_chat_clients() -> None:
    assert dropped(openai_chat.CLIENT, anthropic_messages.UPSTREAM, seed=1) == ["seed"]


def test_what_is_refused() -> None:
    text = {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}
    with pytest.raises(InvalidRequest) as caught:
        dropped(openai_responses.CLIENT, anthropic_messages.UPSTREAM, "claude-3-5-haiku", input="Hi", text=text)
    assert caught.value.param == "text.format"
