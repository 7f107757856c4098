"""A chat-completion request: what is read of it for every upstream, and for one of another dialect."""

import json
from typing import Any

import msgspec
import pytest

from recordings import Case
from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.dialects.openai_chat.client import parse_request as parsing
from wire.openai_chat_line import QUESTION, head_of

MARK = {"type": "ephemeral"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PLAIN = {"is_custom": False, "format": None, "namespace": "", "is_tool_search": False}
FUNCTION = {"name": "weather", "description": "d", "parameters": SCHEMA, "strict": True}


def read(**fields: Any) -> ChatRequest:
    return CLIENT.parse_request(head_of(**fields))


def parts_of(message: dict[str, Any]) -> list[Part]:
    return read(messages=[message]).messages[0].parts


def user_part(**part: Any) -> Part:
    (found,) = parts_of({"role": "user", "content": [part]})
    return found


def plain(value: Any) -> Any:
    """Structs and raw JSON as what they say, to be compared."""
    return msgspec.json.decode(msgspec.json.encode(value))


def refused(**fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(InvalidRequest) as raised:
        read(**fields)
    assert raised.value.message
    return raised.value.code, raised.value.param


class TestHead:
    def test_what_a_request_is_routed_by(self) -> None:
        head = head_of(stream=True, stream_options={"include_usage": True}, metadata={"task_type": "triage", "a": "b"})
        assert (head.model, head.stream, head.include_usage, head.task_type) == ("m", True, True, "triage")
        assert bytes(head.fields["messages"]) in head.body

    def test_what_is_not_said(self) -> None:
        head = head_of(stream=None, stream_options=None, metadata=None)
        assert (head.stream, head.include_usage, head.task_type) == (False, False, None)

    def test_usage_belongs_to_streams(self) -> None:
        assert not head_of(stream_options={"include_usage": True}).include_usage

    def test_unknown_fields_travel(self) -> None:
        assert bytes(head_of(some_vendors="knob").fields["some_vendors"]) == b'"knob"'

    def test_the_last_of_two_equal_fields_counts(self) -> None:
        head = CLIENT.parse_head(b'{"model":"a","messages":[{"role":"user"}],"model":"b"}', {})
        assert head.model == "b"
        assert json.loads(UPSTREAM.forward_request(head, "c").body)["model"] == "c"

    def test_half_a_surrogate_pair(self) -> None:
        head = CLIENT.parse_head(b'{"model":"a","messages":[{"role":"user","content":"x\\ud83d"}]}', {})
        assert json.loads(head.body)["messages"][0]["content"] == "x\ufffd"

    @pytest.mark.parametrize(
        ("body", "code", "words"),
        [
            (b"", "invalid_json", "byte 0"),
            (b'{"model":"m"', "invalid_json", "byte 12"),
            (b'{"model":m}', "invalid_json", "byte 9"),
            (b'{"model":"\xff"}', "invalid_json", "UTF-8"),
            (b'{"model":NaN}', "invalid_json", "byte 9"),
            (b'{"a":' * 50_000, "invalid_json", "deeply"),
            (b"[]", "invalid_type", "object"),
            (b'"x"', "invalid_type", "object"),
        ],
    )
    def test_what_is_no_request(self, body: bytes, code: str, words: str) -> None:
        with pytest.raises(InvalidRequest, match=words) as raised:
            CLIENT.parse_head(body, {})
        assert (raised.value.code, raised.value.param) == (code, None)

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"model": None}, "missing_field", "model"),
            ({"model": ""}, "missing_field", "model"),
            ({"model": 1}, "invalid_type", "model"),
            ({"messages": None}, "missing_field", "messages"),
            ({"messages": []}, "empty_array", "messages"),
            ({"messages": "hi"}, "invalid_type", "messages"),
            ({"messages": ["hi"]}, "invalid_type", "messages[0]"),
            ({"messages": [{"role": "user"}, {}]}, "missing_field", "messages[1].role"),
            ({"messages": [{"role": 7}]}, "invalid_type", "messages[0].role"),
            ({"stream": "yes"}, "invalid_type", "stream"),
            ({"stream_options": []}, "invalid_type", "stream_options"),
            ({"stream_options": {"include_usage": 1}}, "invalid_type", "stream_options.include_usage"),
            ({"metadata": "x"}, "invalid_type", "metadata"),
            ({"metadata": {"task_type": 1}}, "invalid_type", "metadata.task_type"),
            ({"metadata": {"task_type": "x" * 65}}, "string_above_max_length", "metadata.task_type"),
        ],
    )
    def test_the_field_at_fault_is_named(self, fields: dict[str, Any], code: str, param: str) -> None:
        with pytest.raises(InvalidRequest) as raised:
            head_of(**fields)
        assert (raised.value.code, raised.value.param) == (code, param)
        assert param in raised.value.message

    def test_a_task_type_may_be_64_characters_long(self) -> None:
        assert head_of(metadata={"task_type": "ü" * 64}).task_type == "ü" * 64


class TestMessages:
    @pytest.mark.parametrize(
        ("role", "neutral"),
        [("system", "system"), ("developer", "system"), ("user", "user"), ("assistant", "assistant")],
    )
    def test_roles(self, role: str, neutral: str) -> None:
        assert read(messages=[{"role": role, "content": "hi"}]).messages == [
            Message(neutral, [Text(text="hi")], "messages[0]")  # type: ignore[arg-type]
        ]

    def test_text_parts(self) -> None:
        content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        assert parts_of({"role": "user", "content": content}) == [Text(text="a"), Text(text="b")]

    def test_an_image_inline(self) -> None:
        url = "data:image/png;charset=x;base64,iVBO+/=="
        image = user_part(type="image_url", image_url={"url": url, "detail": "low"})
        assert image == Image(media_type="image/png", data="iVBO+/==", detail="low")

    def test_an_image_by_address(self) -> None:
        assert user_part(type="image_url", image_url={"url": "https://a/b.png"}) == Image(url="https://a/b.png")

    def test_audio(self) -> None:
        audio = user_part(type="input_audio", input_audio={"data": "AA==", "format": "wav"})
        assert audio == Audio(format="wav", data="AA==")

    @pytest.mark.parametrize(
        ("source", "file"),
        [
            (
                {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
                ("a.pdf", "application/pdf", "JVBE"),
            ),
            ({"file_data": "JVBE"}, ("", "application/pdf", "JVBE")),
        ],
    )
    def test_a_file_inline(self, source: dict[str, Any], file: tuple[str, str, str]) -> None:
        name, media_type, data = file
        assert user_part(type="file", file=source) == File(filename=name, media_type=media_type, data=data)

    def test_a_file_by_id_or_address(self) -> None:
        assert user_part(type="file", file={"file_id": "file-1"}) == File(file_id="file-1")
        assert user_part(type="file", file={"file_data": "https://a/b.pdf"}) == File(url="https://a/b.pdf")

    def test_calls_and_results(self) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages = [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "ok"}]},
        ]
        assert [message.parts for message in read(messages=messages).messages] == [
            [ToolCall(id="c1", name="f", arguments="{}")],
            [ToolResult(call_id="c1", content=[Text(text="ok")])],
        ]

    def test_function_calls_as_they_were_before_tools(self) -> None:
        messages = [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "ok"},
        ]
        call, result = (message.parts[0] for message in read(messages=messages).messages)
        assert isinstance(call, ToolCall)
        assert isinstance(result, ToolResult)
        assert (call.name, call.id, result.content) == ("f", result.call_id, [Text(text="ok")])

    def test_refusals(self) -> None:
        assert parts_of({"role": "assistant", "content": None, "refusal": "no"}) == [Refusal(text="no")]
        content = [{"type": "refusal", "refusal": "no"}]
        assert parts_of({"role": "assistant", "content": content}) == [Refusal(text="no")]

    def test_signed_thinking_stands_first(self) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        message = {
            "role": "assistant",
            "content": "4",
            "tool_calls": [call],
            "reasoning_content": "hm",
            "thinking_blocks": [
                {"index": 0, "type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
            ],
        }
        assert parts_of(message) == [
            Reasoning(text="hm", signature="s"),
            RedactedReasoning(data="x"),
            Text(text="4"),
            ToolCall(id="c1", name="f", arguments="{}"),
        ]

    def test_signatures_of_other_things_stand_behind_them(self) -> None:
        calls = [{"id": id, "type": "custom", "custom": {"name": "f", "input": "x"}} for id in ("c1", "c2")]
        blocks = [
            {"type": "thinking", "thinking": "", "signature": "a", "signs": "content"},
            {"type": "thinking", "thinking": "", "signature": "b", "signs": "c1"},
        ]
        message = {"role": "assistant", "content": "4", "tool_calls": calls, "thinking_blocks": blocks}
        assert parts_of(message) == [
            Text(text="4"),
            Reasoning(signature="a"),
            ToolCall(id="c1", name="f", arguments="x", is_custom=True),
            Reasoning(signature="b"),
            ToolCall(id="c2", name="f", arguments="x", is_custom=True),
        ]

    def test_unsigned_thinking(self) -> None:
        message = {"role": "assistant", "content": "4", "reasoning_content": "hm"}
        assert parts_of(message) == [Reasoning(text="hm"), Text(text="4")]

    def test_cache_marks(self) -> None:
        part = user_part(type="text", text="a", cache_control=MARK)
        assert plain(part.cache_control) == MARK
        *others, last = parts_of(
            {"role": "user", "content": [{"type": "text", "text": t} for t in "ab"], "cache_control": MARK}
        )
        assert plain(last.cache_control) == MARK
        assert all(other.cache_control is None for other in others)

    @pytest.mark.parametrize(
        ("message", "code", "param"),
        [
            ({"role": "king", "content": "x"}, "invalid_value", "messages[0].role"),
            ({"role": "user"}, "missing_field", "messages[0].content"),
            ({"role": "user", "content": None}, "missing_field", "messages[0].content"),
            ({"role": "user", "content": 7}, "invalid_type", "messages[0].content"),
            ({"role": "user", "content": ["x"]}, "invalid_type", "messages[0].content[0]"),
            ({"role": "user", "content": [{}]}, "missing_field", "messages[0].content[0].type"),
            ({"role": "user", "content": [{"type": "text"}]}, "missing_field", "messages[0].content[0].text"),
            ({"role": "user", "content": [{"type": "text", "text": 1}]}, "invalid_type", "messages[0].content[0].text"),
            ({"role": "user", "content": [{"type": "video"}]}, "unsupported_parameter", "messages[0].content[0].type"),
            (
                {
                    "role": "user",
                    "content": [{"type": "text", "text": ""}, {"type": "image_url", "image_url": "http://x"}],
                },
                "invalid_type",
                "messages[0].content[1].image_url",
            ),
            (
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,x"}}]},
                "invalid_value",
                "messages[0].content[0].image_url.url",
            ),
            (
                {"role": "user", "content": [{"type": "file", "file": {}}]},
                "missing_field",
                "messages[0].content[0].file.file_data",
            ),
            (
                {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": ""}}]},
                "missing_field",
                "messages[0].content[0].input_audio.format",
            ),
            ({"role": "tool", "content": "x"}, "missing_field", "messages[0].tool_call_id"),
            ({"role": "function", "content": "x"}, "missing_field", "messages[0].name"),
            ({"role": "assistant", "tool_calls": [{"id": 1}]}, "invalid_type", "messages[0].tool_calls[0].id"),
            ({"role": "assistant", "tool_calls": [{"id": "1"}]}, "missing_field", "messages[0].tool_calls[0].function"),
            (
                {"role": "assistant", "tool_calls": [{"id": "1", "type": "custom", "custom": {}}]},
                "missing_field",
                "messages[0].tool_calls[0].custom.name",
            ),
            (
                {"role": "assistant", "tool_calls": [{"id": "1", "type": "custom"}]},
                "missing_field",
                "messages[0].tool_calls[0].custom",
            ),
            (
                {"role": "assistant", "tool_calls": [{"id": "1", "type": "robot"}]},
                "unsupported_parameter",
                "messages[0].tool_calls[0].type",
            ),
            (
                {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {}}}]},
                "invalid_type",
                "messages[0].tool_calls[0].function.arguments",
            ),
            ({"role": "assistant", "audio": {"id": "a"}}, "unsupported_parameter", "messages[0].audio"),
            (
                {"role": "assistant", "thinking_blocks": [{"type": "redacted_thinking"}]},
                "missing_field",
                "messages[0].thinking_blocks[0].data",
            ),
        ],
    )
    def test_the_place_at_fault_is_named(self, message: dict[str, Any], code: str, param: str) -> None:
        assert refused(messages=[message]) == (code, param)

    def test_the_place_is_counted(self) -> None:
        wrong = {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url"}]}
        assert refused(messages=[*QUESTION, *QUESTION, wrong]) == ("missing_field", "messages[2].content[1].image_url")


class TestTools:
    def test_functions(self) -> None:
        (tool,) = read(tools=[{"type": "function", "function": FUNCTION, "cache_control": MARK}]).tools
        assert plain(tool) == {**FUNCTION, **PLAIN, "cache_control": MARK}

    def test_flat_ones_as_cursor_sends_them(self) -> None:
        assert plain(read(tools=[{"type": "function", **FUNCTION}]).tools) == [
            {**FUNCTION, **PLAIN, "cache_control": None}
        ]

    @pytest.mark.parametrize("nested", [True, False])
    def test_custom_ones(self, nested: bool) -> None:
        grammar = {"syntax": "lark", "definition": "start: WORD"}
        format = {"type": "grammar", "grammar": grammar} if nested else {"type": "grammar", **grammar}
        custom = {"name": "patch", "description": "d", "format": format}
        (tool,) = read(tools=[{"type": "custom", "custom": custom} if nested else {"type": "custom", **custom}]).tools
        assert (tool.name, tool.description, tool.is_custom) == ("patch", "d", True)
        assert plain(tool.format) == {"type": "grammar", **grammar}

    def test_built_in_ones(self) -> None:
        tools: list[Any] = [
            {"type": "function", "function": {"name": "f"}},
            {"type": "web_search"},
            {"type": "x", "y": 1},
        ]
        request = read(tools=tools)
        assert [(tool.kind, tool.where, plain(tool.raw)) for tool in request.builtin_tools] == [
            ("web_search", "tools[1]", {"type": "web_search"}),
            ("other", "tools[2]", {"type": "x", "y": 1}),
        ]
        assert [tool.name for tool in request.tools] == ["f"]

    def test_web_search_options(self) -> None:
        place = {"type": "approximate", "approximate": {"country": "DE", "city": None}}
        request = read(web_search_options={"search_context_size": "low", "user_location": place})
        (tool,) = request.builtin_tools
        assert (tool.kind, tool.where) == ("web_search", "web_search_options")
        assert tool.web_search == WebSearch(location={"country": "DE"}, context_size="low")
        assert request.extras == {}
        assert read(web_search_options=None).builtin_tools == []

    def test_legacy_functions(self) -> None:
        request = read(functions=[{"name": "f"}], function_call={"name": "f"})
        assert request.tools == [Tool(name="f")]
        assert request.tool_choice == ToolChoice("named", "f")
        assert request.extras == {}
        assert read(functions=[{"name": "f"}], function_call="none").tool_choice == ToolChoice("none")

    @pytest.mark.parametrize(
        ("choice", "neutral"),
        [
            ("auto", ToolChoice("auto")),
            ("none", ToolChoice("none")),
            ("required", ToolChoice("required")),
            ("any", ToolChoice("required")),
            ({"type": "function", "function": {"name": "f"}}, ToolChoice("named", "f")),
            ({"type": "function", "name": "f"}, ToolChoice("named", "f")),
            ({"type": "custom", "custom": {"name": "f"}}, ToolChoice("named", "f")),
            (None, None),
        ],
    )
    def test_the_choice(self, choice: Any, neutral: ToolChoice | None) -> None:
        assert read(tool_choice=choice).tool_choice == neutral

    def test_some_tools_are_allowed(self) -> None:
        tools = [{"type": "function", "function": {"name": name}} for name in "abc"]
        allowed = {"mode": "required", "tools": [tools[0], {"type": "function", "name": "c"}]}
        request = read(tools=tools, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
        assert request.tool_choice == ToolChoice("required")
        assert [tool.name for tool in request.tools] == ["a", "c"]

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"tools": {}}, "invalid_type", "tools"),
            ({"tools": [1]}, "invalid_type", "tools[0]"),
            ({"tools": [{"type": "custom", "custom": {}}]}, "missing_field", "tools[0].custom.name"),
            ({"web_search_options": 1}, "invalid_type", "web_search_options"),
            ({"web_search_options": {"user_location": 1}}, "invalid_type", "web_search_options.user_location"),
            ({"tools": [{"type": 1}]}, "invalid_type", "tools[0].type"),
            ({"tools": [{"type": "function"}]}, "missing_field", "tools[0].function.name"),
            ({"tools": [{"type": "function", "function": {}}]}, "missing_field", "tools[0].function.name"),
            (
                {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
                "invalid_type",
                "tools[0].function.parameters",
            ),
            ({"functions": [{}]}, "missing_field", "functions[0].name"),
            ({"tool_choice": 1}, "invalid_type", "tool_choice"),
            ({"tool_choice": "f"}, "invalid_value", "tool_choice"),
            ({"tool_choice": {"type": "function"}}, "missing_field", "tool_choice.function.name"),
        ],
    )
    def test_the_field_at_fault_is_named(self, fields: dict[str, Any], code: str, param: str) -> None:
        assert refused(**fields) == (code, param)


class TestKnobs:
    def test_sampling(self) -> None:
        said = {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 7, "frequency_penalty": 1, "presence_penalty": -1}
        assert read(**said, stop="END").sampling == Sampling(
            temperature=0.0, top_p=0.5, top_k=3, seed=7, frequency_penalty=1.0, presence_penalty=-1.0, stop=["END"]
        )
        assert plain(read(logit_bias={"50": 1}).sampling.logit_bias) == {"50": 1}

    @pytest.mark.parametrize(
        ("said", "limit"),
        [
            ({"max_tokens": 5}, 5),
            ({"max_completion_tokens": 6}, 6),
            ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
            ({"max_tokens": 5, "max_completion_tokens": None}, 5),
        ],
    )
    def test_the_limit(self, said: dict[str, Any], limit: int) -> None:
        assert read(**said).sampling.max_tokens == limit

    @pytest.mark.parametrize(("stop", "neutral"), [("a", ["a"]), (["a", "b"], ["a", "b"]), (None, None)])
    def test_stop(self, stop: Any, neutral: list[str] | None) -> None:
        assert read(stop=stop).sampling.stop == neutral

    def test_structured_output(self) -> None:
        assert read(response_format={"type": "json_object"}).response_format == ResponseFormat("json_object")
        schema = {"name": "n", "schema": SCHEMA, "strict": True}
        asked = read(response_format={"type": "json_schema", "json_schema": schema}).response_format
        assert plain(asked) == {"kind": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}

    def test_the_rest(self) -> None:
        said = {
            "n": 2,
            "logprobs": True,
            "top_logprobs": 3,
            "modalities": ["text"],
            "user": "u",
            "service_tier": "flex",
        }
        request = read(**said, reasoning_effort="low", parallel_tool_calls=False, stream=True)
        assert (request.choices, request.logprobs, request.top_logprobs, request.modalities) == (2, True, 3, ["text"])
        assert (request.user, request.service_tier, request.reasoning_effort) == ("u", "flex", "low")
        assert (request.parallel_tool_calls, request.stream, request.include_usage) == (False, True, False)

    def test_what_is_not_modelled_is_kept(self) -> None:
        request = read(verbosity="low", thinking={"type": "enabled"}, store=None, metadata={"task_type": "t", "a": "b"})
        assert plain(request.extras) == {"verbosity": "low", "thinking": {"type": "enabled"}, "metadata": {"a": "b"}}
        assert read(metadata={"task_type": "t"}).extras == {}

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"n": 0}, "invalid_value", "n"),
            ({"n": "2"}, "invalid_type", "n"),
            ({"temperature": "hot"}, "invalid_type", "temperature"),
            ({"max_tokens": 1.5}, "invalid_type", "max_tokens"),
            ({"stop": [1]}, "invalid_type", "stop[0]"),
            ({"response_format": {}}, "missing_field", "response_format.type"),
            ({"response_format": {"type": "xml"}}, "invalid_type", "response_format.type"),
            ({"response_format": {"type": "json_schema"}}, "missing_field", "response_format.json_schema"),
            (
                {"response_format": {"type": "json_schema", "json_schema": {}}},
                "missing_field",
                "response_format.json_schema.name",
            ),
        ],
    )
    def test_the_field_at_fault_is_named(self, fields: dict[str, Any], code: str, param: str) -> None:
        assert refused(**fields) == (code, param)


VENDORS_OWN = {
    "mistral/rig-streaming_agent_sends_audio-cee979": "input_audio is a string",
    "mistral/ruby_llm-ents_mistral_mistral-small-latest_describes_images_returned_from_tools-1-fdc09c": "and image_url",
    "mistral/ruby_llm-small-latest_preserves_thinking_signatures_between_turns_when_provided-1-68afce": "thinking",
    "openai-chat/dd-trace-py-chat_completion_image_input-222c80": "image_url is a string, as OpenAI took it in 2023",
    "perplexity/ruby_llm-chat_document_models_perplexity_sonar-pro_understands_docx_documents-f75e65": "file_url",
    "writer/openllmetry-writer_async_streaming_chat_tool_calls_legacy-dae3d9": "a call without an id",
}
"""Requests in a vendor's own format: they reach that vendor as they are, and cannot be read for another dialect."""


def test_every_recorded_request_can_be_read(recorded: list[Case]) -> None:
    """But for what is the vendor's own, and for tools that no other dialect has."""
    read_, refusals = 0, {}
    for case in recorded:
        if case.api != "openai-chat" or not case.request or case.kind == "error":
            continue
        head = CLIENT.parse_head(json.dumps({"model": "m", **case.request}).encode(), {})
        assert UPSTREAM.forward_request(head, head.model).path == "/chat/completions"
        try:
            CLIENT.parse_request(head)
            read_ += 1
        except InvalidRequest as error:
            if error.param != "tools[0].type":
                refusals[case.id] = (error.code, error.param)
    print(f"{read_} of {read_ + len(refusals)}")
    assert refusals.keys() <= VENDORS_OWN.keys()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"max_tokens": 5, "temperature": 0.5, "top_p": 1},
        {"max_tokens": 5, "max_completion_tokens": 6, "seed": None},
        {"messages": [{"role": "user", "content": "hi", "name": "Ann"}]},
    ],
    ids=str,
)
def test_requests_with_common_fields_only_are_read_as_all_others(
    more: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"model": "m", "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]}
    head = parsing.parse_head(json.dumps(fields | more).encode())
    common = parsing.parse_request(head)
    monkeypatch.setattr(parsing, "_COMMON", frozenset())
    assert common == parsing.parse_request(head)
