"""What vendors of OpenAI's format sign in fields of their own comes back to them through clients of other dialects."""

import json
from typing import Any

import pytest

from sealink.events import BlockMeta, BlockStart, Event, ReasoningDelta
from sealink.request import ChatRequest, Message, Part, Reasoning, ToolCall
from sealink.wire.dialect import ClientDialect, FallbackIdentity
from sealink.wire.dialects import anthropic_messages, bedrock_converse, gemini_generate, openai_responses
from sealink.wire.dialects.openai_chat import UPSTREAM, UPSTREAM_THAT_WANTS_THINKING
from sealink.wire.stream.fold import fold
from wire.openai_chat_line import chunk, frames
from wire.upstream_line import read_stream

CLAUDES = {"format": "anthropic-claude-v1", "index": 0}
TEXT = {"type": "reasoning.text", "text": "I must\nlook — it up.", "signature": "EqoDCkYI+/=", **CLAUDES}
SUMMARY = {"type": "reasoning.summary", "summary": "**A plan**", "id": "rs_1", "format": None, "index": 0}
ENCRYPTED = {
    "type": "reasoning.encrypted",
    "data": "gAAAA_-=",
    "id": "rs_1",
    "format": "openai-responses-v1",
    "index": 0,
}
UNSIGNED = {"type": "reasoning.text", "text": "Hm.", "format": "unknown", "index": 0}
GOOGLES = {"google": {"thought_signature": "AVSoXO4+/="}}
CALL = {"id": "call:{7", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def whole(**message: Any) -> list[Event]:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": "stop"}
    return UPSTREAM.decode_whole(json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode())


def stream(*deltas: dict[str, Any]) -> list[Event]:
    return read_stream(UPSTREAM, [frames(chunk({"role": "assistant"}), *map(chunk, deltas), chunk({}, "stop"))])


def through_messages(events: list[Event]) -> list[Message]:
    told = json.loads(anthropic_messages.CLIENT.whole(ASKED, events, FallbackIdentity("1", 1)))
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": told["content"]}]
    return read(anthropic_messages.CLIENT, messages=turns, max_tokens=9)


def through_responses(events: list[Event]) -> list[Message]:
    told = json.loads(openai_responses.CLIENT.whole(ASKED, events, FallbackIdentity("1", 1)))
    return read(openai_responses.CLIENT, input=[{"role": "user", "content": "Hi"}, *told["output"]])


def read(client: ClientDialect, **fields: Any) -> list[Message]:
    return client.parse_request(client.parse_head(json.dumps({"model": "m", **fields}).encode(), {})).messages


ASKED = ChatRequest(model="m", messages=[])
through_clients = pytest.mark.parametrize("through", [through_messages, through_responses])


def sent(messages: list[Message], upstream: Any = UPSTREAM) -> dict[str, Any]:
    """The last of these messages, as the upstream gets it."""
    body = json.loads(upstream.write_request(ChatRequest(model="m", messages=messages), "m").body)
    message: dict[str, Any] = body["messages"][-1]
    return message


def sent_parts(*parts: Part) -> dict[str, Any]:
    return sent([Message("assistant", list(parts))])


def signatures(events: list[Event]) -> list[str]:
    return [event.signature for event in events if isinstance(event, BlockMeta)]


@through_clients
class TestReasoningDetails:
    @pytest.mark.parametrize(
        "details",
        [[TEXT], [SUMMARY, ENCRYPTED], [ENCRYPTED], [UNSIGNED], [TEXT, {**TEXT, "signature": "2"}, ENCRYPTED]],
    )
    def test_of_a_whole_answer(self, through: Any, details: list[Any]) -> None:
        thought = "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
        events = whole(reasoning=thought or None, reasoning_details=details, content="It is.", tool_calls=[CALL])
        message = sent(through(events))
        assert json.dumps(message["reasoning_details"]) == json.dumps(details)  # in the same order, too
        assert (message["content"], message["tool_calls"]) == ("It is.", [CALL])
        assert fold(events).choices[0].text("reasoning") == thought

    def test_of_a_stream_one_piece_to_each(self, through: Any) -> None:
        begun = {**TEXT, "text": "I must\n", "signature": ""}
        unsigned = {name: value for name, value in TEXT.items() if name != "signature"}
        signed = {name: value for name, value in TEXT.items() if name != "text"}
        events = stream(
            {"content": "", "reasoning": None, "reasoning_details": []},
            {"reasoning": "", "reasoning_details": [{**begun, "text": ""}]},
            {"reasoning": "I must\n", "reasoning_details": [begun]},
            {"reasoning": "look — it up.", "reasoning_details": [{**unsigned, "text": "look — it up."}]},
            {"reasoning": None, "reasoning_details": [signed]},
            {"reasoning": None, "reasoning_details": [{**TEXT, "text": "", "signature": ""}]},
            {"reasoning": "A", "reasoning_details": [{**TEXT, "text": "A", "signature": "2"}]},
            {"reasoning": "**A ", "reasoning_details": [{**SUMMARY, "summary": "**A "}]},
            {"reasoning": "plan**", "reasoning_details": [{**SUMMARY, "summary": "plan**", "index": 1}]},
            {"reasoning_details": [ENCRYPTED]},
            {"tool_calls": [{"index": 0, **CALL}], "reasoning_details": []},
            {"reasoning_details": [{**ENCRYPTED, "id": CALL["id"]}]},
        )
        wanted = [TEXT, {**TEXT, "text": "A", "signature": "2"}, SUMMARY, ENCRYPTED, {**ENCRYPTED, "id": CALL["id"]}]
        message = sent(through(events))
        assert json.dumps(message["reasoning_details"][1:]) == json.dumps(wanted[1:])
        assert message["reasoning_details"][0] == TEXT
        assert message["tool_calls"] == [CALL]

    def test_of_thinking_that_is_told_elsewhere(self, through: Any) -> None:
        signed = {"type": "reasoning.text", "signature": "s"}
        events = stream({"reasoning": "Hm."}, {"reasoning": " Yes."}, {"reasoning_details": [signed]}, {"content": "A"})
        message = sent(through(events))
        assert message["reasoning_details"] == [{**signed, "index": 0}]
        assert fold(events).choices[0].text("reasoning") == "Hm. Yes."

    def test_of_a_kind_that_is_new(self, through: Any) -> None:
        news = [{"type": "reasoning.other", "what": {"a": [1.0, None]}}, "odd", None, {}]
        assert sent(through(whole(reasoning_details=news)))["reasoning_details"] == news[:1]


@through_clients
class TestExtraContent:
    def test_of_a_call(self, through: Any) -> None:
        calls = [{**CALL, "extra_content": GOOGLES}, {**CALL, "id": "call_8"}]
        assert sent(through(whole(tool_calls=calls)))["tool_calls"] == calls
        deltas = [{"tool_calls": [{"index": index, **call}]} for index, call in enumerate(calls)]
        assert sent(through(stream({"content": "Hm."}, *deltas)))["tool_calls"] == calls

    def test_of_a_message(self, through: Any) -> None:
        extra = {"google": {"thought": True, **GOOGLES["google"]}}
        message = sent(through(whole(content="A", extra_content=extra, tool_calls=[CALL])))
        assert message == {"role": "assistant", "content": "A", "tool_calls": [CALL], "extra_content": extra}
        told = sent(through(stream({"content": "A"}, {"content": "B", "extra_content": extra}, {"content": "C"})))
        assert told == {"role": "assistant", "content": "ABC", "extra_content": extra}

    def test_of_a_custom_tool(self, through: Any) -> None:
        custom = {"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}, "extra_content": GOOGLES}
        (call,) = sent(through(whole(tool_calls=[custom])))["tool_calls"]
        assert call["extra_content"] == GOOGLES

    @pytest.mark.parametrize("remark", [None, {}, {"google": {"thought": True}}, "signature", ["signature"]])
    def test_remarks_stay_here(self, through: Any, remark: Any) -> None:
        events = whole(content="A", extra_content=remark, tool_calls=[{**CALL, "extra_content": remark}])
        assert signatures(events) == []
        assert sent(through(events)) == {"role": "assistant", "content": "A", "tool_calls": [CALL]}


class TestEvents:
    def test_a_piece_is_a_block(self) -> None:
        events = whole(reasoning="Hm.", reasoning_details=[UNSIGNED, ENCRYPTED], content="A")
        blocks = [block.kind for block in fold(events).choices[0].blocks]
        assert blocks == ["reasoning", "reasoning", "text"]
        assert "Hm." not in "".join(signatures(events))

    def test_words_that_go_on_leave_no_trace(self) -> None:
        deltas = [{"reasoning": word, "reasoning_details": [{**UNSIGNED, "text": word}]} for word in ("a", "b", "c")]
        events = stream(*deltas, {"content": "A", "reasoning_details": [{**UNSIGNED, "text": ""}]})
        assert sum(isinstance(event, ReasoningDelta) for event in events) == 3
        assert sum(isinstance(event, BlockStart) for event in events) == 2
        assert len(signatures(events)) == 1

    @pytest.mark.parametrize("details", ["odd", {}, 7, [[]], [{"type": 7, "text": 8, "signature": []}]])
    def test_nonsense_is_no_error(self, details: Any) -> None:
        assert fold(whole(content="A", reasoning_details=details)).choices[0].text("text") == "A"
        assert fold(stream({"content": "A", "reasoning_details": details})).choices[0].text("text") == "A"


class TestWhatStaysHere:
    @pytest.mark.parametrize(
        "signature",
        ["", "EqoDCkYI", "gemini:call=1:x", "responses:rs_1:x", "openai:", "openai:{", 'openai:{"detail":7}'],
    )
    def test_signatures_of_others(self, signature: str) -> None:
        call = ToolCall(id="1", name="f", arguments="{}")
        message = sent_parts(Reasoning(text="t", signature=signature), call, Reasoning(signature=signature))
        assert message.keys() == {"role", "content", "tool_calls"}
        assert message["tool_calls"][0].keys() == {"id", "type", "function"}

    @pytest.mark.parametrize(
        "upstream", [anthropic_messages.UPSTREAM, bedrock_converse.UPSTREAM, gemini_generate.UPSTREAM]
    )
    def test_no_other_dialect_is_sent_them(self, upstream: Any) -> None:
        calls = [{**CALL, "extra_content": GOOGLES}]
        parts = through_messages(whole(reasoning="t", reasoning_details=[TEXT, ENCRYPTED], tool_calls=calls))
        body = upstream.write_request(ChatRequest(model="claude-sonnet-4-5", messages=parts), "m").body.decode()
        assert not any(secret in body for secret in ("openai:", "EqoDCkYI", "gAAAA", "AVSoXO4"))


def test_thinking_that_is_wanted_is_said_too() -> None:
    message = sent(through_messages(whole(reasoning="Hm.", reasoning_details=[UNSIGNED])), UPSTREAM_THAT_WANTS_THINKING)
    assert (message["reasoning_content"], message["reasoning_details"]) == ("Hm.", [UNSIGNED])
