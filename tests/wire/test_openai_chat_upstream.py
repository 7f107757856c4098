"""What an OpenAI-compatible upstream is asked, and its answers that are not streamed."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest, UpstreamError, UpstreamRejected
from sealink.events import BlockStart
from sealink.request import BuiltinTool, File, Image, Message, Text, ToolResult, WebSearch
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM, UPSTREAM_THAT_WANTS_THINKING
from sealink.wire.stream.outcome import Outcome
from wire.openai_chat_line import head_of

BODY = b'{ "model": "m",\n "messages": [ {"role": "user", "content": "h\\u00e9"} ], "x": 1.0%s }'


def head(more: bytes = b"") -> RequestHead:
    return CLIENT.parse_head(BODY % more, {})


def forwarded(more: bytes = b"", model: str = "m") -> bytes:
    outgoing = UPSTREAM.forward_request(head(more), model)
    assert (outgoing.path, list(outgoing.headers), list(outgoing.dropped)) == ("/chat/completions", [], [])
    return outgoing.body


class TestForwarded:
    @pytest.mark.parametrize(
        "more", [b"", b', "stream": true, "stream_options": {"include_usage": true}', b', "metadata": {"a": "b"}']
    )
    def test_the_clients_own_bytes_where_nothing_must_change(self, more: bytes) -> None:
        assert forwarded(more) == BODY % more

    def test_another_models_name(self) -> None:
        body = forwarded(b', "seed": 1e3', "vendor/m")
        assert body == b'{"model":"vendor/m","messages":[ {"role": "user", "content": "h\\u00e9"} ],"x":1.0,"seed":1e3}'

    @pytest.mark.parametrize(
        ("metadata", "left"),
        [(b'{"task_type": "t"}', b""), (b'{"a": "b", "task_type": "t"}', b',"metadata":{"a":"b"}')],
    )
    def test_the_task_type_stays_here(self, metadata: bytes, left: bytes) -> None:
        assert forwarded(b', "metadata": ' + metadata).endswith(b',"x":1.0' + left + b"}")

    @pytest.mark.parametrize(
        ("options", "asked"),
        [
            (b"", {"include_usage": True}),
            (b', "stream_options": null', {"include_usage": True}),
            (b', "stream_options": {"include_usage": false}', {"include_usage": True}),
            (
                b', "stream_options": {"include_obfuscation": false}',
                {"include_obfuscation": False, "include_usage": True},
            ),
        ],
    )
    def test_a_streams_usage_is_asked_for(self, options: bytes, asked: dict[str, Any]) -> None:
        assert json.loads(forwarded(b', "stream": true' + options))["stream_options"] == asked

    def test_a_whole_answer_has_its_usage(self) -> None:
        assert b"stream_options" not in forwarded()

    def test_marked_signatures_stay_here(self) -> None:
        blocks = [{"type": "thinking", "thinking": "", "signature": mark} for mark in ("gemini:x", "own=", "gemini:y")]
        turn = {"role": "assistant", "content": '"signature":"gemini:'}
        turns = [{**turn, "thinking_blocks": blocks}, {**turn, "thinking_blocks": blocks[:1]}, turn]
        sent = json.loads(UPSTREAM.forward_request(head_of(messages=turns), "m").body)
        assert sent["messages"] == [{**turn, "thinking_blocks": [blocks[1]]}, turn, turn]

    def test_the_head_is_left_alone(self) -> None:
        original = head(b', "stream": true, "metadata": {"task_type": "t"}')
        before = dict(original.fields)
        UPSTREAM.forward_request(original, "other")
        assert original.fields == before


class TestWritten:
    def written(self, **fields: Any) -> dict[str, Any]:
        outgoing = UPSTREAM.write_request(CLIENT.parse_request(head_of(**fields)), "vendor/m")
        body: dict[str, Any] = json.loads(outgoing.body)
        return body

    def test_a_request_says_the_same_again(self) -> None:
        fields: dict[str, Any] = {
            "messages": [
                {"role": "system", "content": "s"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": "https://a"}},
                        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
                        {"type": "file", "file": {"filename": "f", "file_data": "data:application/pdf;base64,AA"}},
                        {"type": "file", "file": {"file_id": "file-1"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "1", "content": "ok"},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "tools": [
                {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
            ],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "parallel_tool_calls": False,
            "max_completion_tokens": 5,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["x"],
            "seed": 1,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
            "logit_bias": {"1": 2},
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
            "reasoning_effort": "low",
            "n": 2,
            "logprobs": True,
            "top_logprobs": 1,
            "modalities": ["text"],
            "user": "u",
            "service_tier": "flex",
        }
        assert self.written(**fields) == {**fields, "model": "vendor/m"}

    def test_cache_marks_are_named(self) -> None:
        mark = {"cache_control": {"type": "ephemeral"}}
        tool = {"type": "function", "function": {"name": "f"}}
        content = [{"type": "text", "text": "a", **mark}]
        request = CLIENT.parse_request(
            head_of(messages=[{"role": "user", "content": content}], tools=[{**tool, **mark}])
        )
        outgoing = UPSTREAM.write_request(request, "m")
        written = json.loads(outgoing.body)
        assert (written["messages"], written["tools"]) == ([{"role": "user", "content": "a"}], [tool])
        assert list(outgoing.dropped) == ["cache_control"]

    def test_what_a_tool_has_shown_stands_in_a_message_of_the_users(self) -> None:
        request = CLIENT.parse_request(head_of())
        picture = Image(media_type="image/png", data="AA")
        results = [
            ToolResult(call_id="a", content=[picture]),
            ToolResult(call_id="b", content=[Text(text="ok")], is_error=True),
        ]
        request.messages = [Message("user", [*results, Text(text="And?")], "messages[0]")]
        outgoing = UPSTREAM.write_request(request, "m")
        shown, image = {"type": "text", "text": "What the tool call a has shown:"}, {"url": "data:image/png;base64,AA"}
        assert json.loads(outgoing.body)["messages"] == [
            {"role": "tool", "tool_call_id": "a", "content": "See the next message."},
            {"role": "tool", "tool_call_id": "b", "content": "ok"},
            {
                "role": "user",
                "content": [shown, {"type": "image_url", "image_url": image}, {"type": "text", "text": "And?"}],
            },
        ]
        assert list(outgoing.dropped) == ["tool_result.is_error"]

    @pytest.mark.parametrize(
        ("model", "budget", "effort", "dropped"),
        [
            ("gpt-5.1", 0, "none", []),
            ("o3", 0, "low", []),
            ("openai/gpt-5", 2000, "low", []),
            ("gpt-5.1", 10_000, "medium", []),
            ("gpt-5.1", 32_000, "high", []),
            ("gpt-4o", 2000, None, ["thinking_budget"]),
            ("gpt-4o", 0, None, []),
        ],
    )
    def test_a_budget_is_an_effort(self, model: str, budget: int, effort: str | None, dropped: list[str]) -> None:
        outgoing = UPSTREAM.write_request(CLIENT.parse_request(head_of(thinking_budget=budget)), model)
        assert (json.loads(outgoing.body).get("reasoning_effort"), list(outgoing.dropped)) == (effort, dropped)

    def test_custom_tools_and_those_of_its_own(self) -> None:
        grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
        tools = [{"type": "custom", "custom": {"name": "f", "format": grammar}}, {"type": "own", "a": 1}]
        call = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}
        fields: dict[str, Any] = {
            "messages": [{"role": "assistant", "content": None, "tool_calls": [call]}],
            "tools": tools,
            "tool_choice": {"type": "custom", "custom": {"name": "f"}},
            "web_search_options": {"search_context_size": "low"},
        }
        assert self.written(**fields) == {**fields, "model": "vendor/m"}

    def test_web_search_of_another_dialect(self) -> None:
        request = CLIENT.parse_request(head_of())
        search = WebSearch(location={"city": "Ulm"}, max_uses=2)
        tool = BuiltinTool(kind="web_search", where="tools[0]", raw=Raw(b"{}"), dialect="elsewhere", web_search=search)
        request.builtin_tools = [tool]
        outgoing = UPSTREAM.write_request(request, "m")
        place = {"type": "approximate", "approximate": {"city": "Ulm"}}
        assert json.loads(outgoing.body)["web_search_options"] == {"user_location": place}
        assert list(outgoing.dropped) == ["tools[0].max_uses"]
        search.blocked_domains = ["a"]
        with pytest.raises(InvalidRequest) as refused:
            UPSTREAM.write_request(request, "m")
        assert refused.value.param == "tools[0].blocked_domains"
        tool.kind = "code_execution"
        with pytest.raises(InvalidRequest) as refused:
            UPSTREAM.write_request(request, "m")
        assert refused.value.param == "tools[0]"

    def test_a_long_name_of_the_user_is_made_short(self) -> None:
        assert self.written(user="u" * 64)["user"] == "u" * 64
        short = self.written(user="u" * 65)["user"]
        assert len(short) == 64
        assert short == self.written(user="u" * 65)["user"] != self.written(user="v" * 65)["user"]

    def test_thinking_stays_behind(self) -> None:
        turn = {"role": "assistant", "content": "4", "reasoning_content": "hm"}
        assert self.written(messages=[turn])["messages"] == [{"role": "assistant", "content": "4"}]

    def test_thinking_goes_to_vendors_who_want_it(self) -> None:
        signed = {"type": "thinking", "thinking": "theirs", "signature": "gemini:s"}
        turns = [
            {"role": "assistant", "content": "4", "reasoning_content": "hm"},
            {"role": "assistant", "content": "5", "thinking_blocks": [signed]},
            {"role": "assistant", "content": "6"},
        ]
        request = CLIENT.parse_request(head_of(messages=turns))
        written = json.loads(UPSTREAM_THAT_WANTS_THINKING.write_request(request, "m").body)["messages"]
        assert [turn["reasoning_content"] for turn in written] == ["hm", "", ""]

    def test_what_cannot_be_said_is_named(self) -> None:
        outgoing = UPSTREAM.write_request(CLIENT.parse_request(head_of(top_k=3, thinking={})), "m")
        assert list(outgoing.dropped) == ["top_k", "thinking"]
        document = CLIENT.parse_request(head_of())
        document.messages[0].parts = [File(url="https://a/b.pdf")]
        with pytest.raises(InvalidRequest) as refused:
            UPSTREAM.write_request(document, "m")
        assert (refused.value.code, refused.value.param) == ("unsupported_parameter", "messages[0]")


def whole(message: Any = None, finish: Any = "stop", **fields: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": "x"} if message is None else message
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **fields}


def mended(answer: Any) -> tuple[dict[str, Any], Outcome]:
    body, outcome = UPSTREAM.passthrough_whole(msgspec.json.encode(answer))
    return json.loads(body), outcome


def message_of(message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = mended(whole(message))[0]["choices"][0]["message"]
    return found


class TestWhole:
    def test_openais_own_shape_goes_through_untouched(self) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        body = json.dumps(
            whole({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls", usage=usage), indent=2
        )
        out, outcome = UPSTREAM.passthrough_whole(body.encode())
        assert out == body.encode()
        assert outcome.complete
        assert outcome.content_started
        assert outcome.finish_reasons == {0: "tool_calls"}
        assert outcome.usage is not None
        assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.provenance) == (3, 2, "provider")

    def test_its_words_are_known_where_no_usage_is(self) -> None:
        call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        said = {"role": "assistant", "content": "a", "reasoning": "b", "refusal": "c", "tool_calls": [call]}
        assert mended(whole(said))[1].text.tokens(len) == len("abc{}")

    def test_reasoning(self) -> None:
        assert message_of({"role": "assistant", "reasoning": "hm"})["reasoning_content"] == "hm"
        parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "4"}]
        assert message_of({"role": "assistant", "content": parts}) == {
            "role": "assistant",
            "content": "4",
            "reasoning_content": "hm",
        }

    def test_tool_calls(self) -> None:
        calls: list[Any] = [
            {"function": {"name": "f", "arguments": {"a": 1}}},
            {"id": "", "function": {"name": "g"}},
            None,
        ]
        first, second = message_of({"role": "assistant", "tool_calls": calls})["tool_calls"]
        assert first == {"id": "call_c-1_0", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
        assert (second["id"], second["function"]["arguments"]) == ("call_c-1_1", "")

    def test_one_index_for_several_calls(self) -> None:
        """Ollama gave every call of a whole answer the index 0."""
        calls = [
            {"id": name, "index": 0, "type": "function", "function": {"name": name, "arguments": "{}"}}
            for name in ("f", "g")
        ]
        events = UPSTREAM.decode_whole(msgspec.json.encode(whole({"role": "assistant", "tool_calls": calls})))
        assert [event.name for event in events if isinstance(event, BlockStart)] == ["f", "g"]

    def test_an_empty_function_call(self) -> None:
        said = {"role": "assistant", "content": "x", "function_call": {"name": "", "arguments": ""}}
        assert "function_call" not in message_of(said)

    @pytest.mark.parametrize(
        ("word", "reason"), [("eos", "stop"), ("MAX_TOKENS", "length"), ("", "stop"), (None, "stop")]
    )
    def test_finish_reasons(self, word: str | None, reason: str) -> None:
        assert mended(whole(finish=word))[0]["choices"][0]["finish_reason"] == reason

    def test_what_is_missing(self) -> None:
        answer, _ = mended({"created": "12", "choices": [{"message": {"content": "x"}}]})
        assert (answer["object"], answer["created"]) == ("chat.completion", 12)
        (choice,) = answer["choices"]
        assert (choice["index"], choice["message"]["role"], choice["finish_reason"]) == (0, "assistant", "stop")

    @pytest.mark.parametrize(
        ("answer", "message", "status"),
        [
            ({"error": {"message": "m", "code": 429}}, "m", 429),
            ({"error": "m"}, "m", 502),
            ({"detail": "m"}, "m", 502),
            ({"choices": None, "base_resp": {"status_code": 1, "status_msg": "m"}}, "m", 502),
            (whole() | {"error": {"message": "m"}}, "m", 502),
            ({"choices": [{"error": {"message": "m", "code": 400}}]}, "m", 400),
        ],
    )
    def test_an_error_under_a_200(self, answer: Any, message: str, status: int) -> None:
        with pytest.raises(UpstreamRejected) as raised:
            mended(answer)
        assert (raised.value.message, raised.value.status) == (message, status)

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"{}", b'{"choices":1}', b'{"choices":[{}', b'{"a":"\xff"}']
    )
    def test_nonsense(self, body: bytes) -> None:
        with pytest.raises(UpstreamError) as raised:
            UPSTREAM.passthrough_whole(body)
        assert raised.value.code == "upstream_malformed"

    def test_an_end_that_is_a_failure(self) -> None:
        with pytest.raises(UpstreamError, match="insufficient_system_resource"):
            mended(whole(finish="insufficient_system_resource"))
