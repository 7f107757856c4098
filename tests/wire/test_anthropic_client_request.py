"""A client's Messages request: its head, which is read for every upstream, and the whole of it."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import InvalidRequest
from sealink.request import (
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialects import openai_chat
from sealink.wire.dialects.anthropic_messages import CLIENT, UPSTREAM
from wire.anthropic_line import QUESTION, head_of, request_of

MARK = {"type": "ephemeral"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def parts_of(*blocks: Any, role: str = "user") -> list[Part]:
    return [
        part
        for message in request_of(messages=[{"role": role, "content": list(blocks)}]).messages
        for part in message.parts
    ]


def refused(**fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(InvalidRequest) as caught:
        CLIENT.parse_request(head_of(**fields))
    assert caught.value.message
    return caught.value.code, caught.value.param


def plain(value: Any) -> Any:
    """Structs and raw JSON as what they say, to be compared."""
    return msgspec.json.decode(msgspec.json.encode(value))


class TestHead:
    def test_what_it_is_routed_by(self) -> None:
        head = head_of(stream=True, metadata={"user_id": "u", "task_type": "chat"})
        assert (head.model, head.stream, head.include_usage, head.task_type) == ("m", True, True, "chat")
        assert not head_of().stream

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            (b"", "invalid_json", None),
            (b"[]", "invalid_type", None),
            (b'{"messages":[]}', "missing_field", "model"),
            (b'{"model":"","messages":[]}', "missing_field", "model"),
            (b'{"model":1,"messages":[]}', "invalid_type", "model"),
            (b'{"model":"m"}', "missing_field", "messages"),
            (b'{"model":"m","messages":{}}', "invalid_type", "messages"),
            (b'{"model":"m","messages":[]}', "empty_array", "messages"),
            (b'{"model":"m","messages":[{}]}', "missing_field", "messages[0].role"),
            (b'{"model":"m","messages":[{"role":"user"}],"stream":1}', "invalid_type", "stream"),
        ],
    )
    def test_the_field_at_fault_is_named(self, body: bytes, code: str, param: str | None) -> None:
        with pytest.raises(InvalidRequest) as caught:
            CLIENT.parse_head(body, {})
        assert (caught.value.code, caught.value.param) == (code, param)

    def test_the_words_of_a_prompt(self) -> None:
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
        head = head_of(
            system=[{"type": "text", "text": "Be brief."}],
            messages=[{"role": "user", "content": [image, {"type": "text", "text": "What is it?"}]}],
            tools=[{"name": "look", "input_schema": {"type": "object"}}],
        )
        words = CLIENT.prompt_text(head)
        assert "Be brief." in words
        assert "What is it?" in words
        assert "look" in words
        assert "AAAA" not in words


class TestMessages:
    def test_words(self) -> None:
        request = request_of(system="Be brief.", messages=[*QUESTION, {"role": "assistant", "content": "4"}])
        assert request.messages == [
            Message("system", [Text(text="Be brief.")], "system"),
            Message("user", [Text(text=QUESTION[0]["content"])], "messages[0]"),
            Message("assistant", [Text(text="4")], "messages[1]"),
        ]

    def test_system_blocks_with_a_mark(self) -> None:
        (system, _) = request_of(system=[{"type": "text", "text": "a", "cache_control": MARK}]).messages
        assert plain(system.parts[0].cache_control) == MARK

    @pytest.mark.parametrize(
        ("source", "part"),
        [
            (
                {"type": "base64", "media_type": "image/png", "data": "AA=="},
                Image(media_type="image/png", data="AA=="),
            ),
            ({"type": "url", "url": "https://a"}, Image(url="https://a")),
            ({"type": "file", "file_id": "f"}, File(file_id="f")),
        ],
    )
    def test_images(self, source: Any, part: Part) -> None:
        assert parts_of({"type": "image", "source": source}) == [part]

    @pytest.mark.parametrize(
        ("source", "parts"),
        [
            (
                {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
                [File(filename="T", media_type="application/pdf", data="AA==")],
            ),
            (
                {"type": "url", "url": "https://a"},
                [File(filename="T", media_type="application/pdf", url="https://a")],
            ),
            ({"type": "file", "file_id": "f"}, [File(filename="T", file_id="f")]),
            (
                {"type": "text", "media_type": "text/plain", "data": "words"},
                [Text(text='<document title="T">\nwords\n</document>')],
            ),
            (
                {"type": "content", "content": "words"},
                [Text(text='<document title="T">\nwords\n</document>')],
            ),
            (
                {
                    "type": "content",
                    "content": [
                        {"type": "text", "text": "words"},
                        {"type": "image", "source": {"type": "url", "url": "https://a"}},
                    ],
                },
                [Text(text='<document title="T">\nwords\n</document>'), Image(url="https://a")],
            ),
        ],
    )
    def test_documents(self, source: Any, parts: list[Part]) -> None:
        assert parts_of({"type": "document", "title": "T", "source": source}) == parts

    def test_a_search_result(self) -> None:
        block = {
            "type": "search_result",
            "title": "T",
            "source": "https://a",
            "content": [{"type": "text", "text": "x"}],
        }
        assert parts_of(block) == [Text(text='<document title="T" source="https://a">\nx\n</document>')]

    def test_a_call_and_its_result(self) -> None:
        call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": "é"}}
        thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
        redacted = {"type": "redacted_thinking", "data": "x"}
        picture = {"type": "image", "source": {"type": "url", "url": "https://a"}}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": [picture], "is_error": True}
        request = request_of(
            messages=[
                *QUESTION,
                {"role": "assistant", "content": [thinking, redacted, call]},
                {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2"}]},
            ]
        )
        assert request.messages[1:] == [
            Message(
                "assistant",
                [
                    Reasoning(text="hm", signature="s"),
                    RedactedReasoning(data="x"),
                    ToolCall(id="t1", name="f", arguments='{"a":"é"}'),
                ],
                "messages[1]",
            ),
            Message("tool", [ToolResult(call_id="t1", content=[Image(url="https://a")], is_error=True)], "messages[2]"),
            Message("user", [Text(text="And?")], "messages[2]"),
            Message("tool", [ToolResult(call_id="t2")], "messages[3]"),
        ]

    def test_what_anthropics_servers_did_is_named(self) -> None:
        server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
        words = {"type": "text", "text": "So.", "citations": []}
        request = request_of(messages=[*QUESTION, {"role": "assistant", "content": [server, found, words]}])
        assert request.messages[1].parts == [Text(text="So.")]
        outgoing = openai_chat.UPSTREAM.write_request(request, "m")
        assert list(outgoing.dropped) == [
            "messages.content.server_tool_use",
            "messages.content.web_search_tool_result",
        ]

    def test_a_compaction_and_a_tools_reference_are_words(self) -> None:
        assert parts_of({"type": "compaction", "content": "Before: x."}, role="assistant") == [Text(text="Before: x.")]
        reference = {"type": "tool_reference", "tool_name": "f"}
        (result,) = parts_of({"type": "tool_result", "tool_use_id": "t", "content": [reference]})
        assert isinstance(result, ToolResult)
        assert result.content == [Text(text="f")]

    @pytest.mark.parametrize(
        ("content", "code", "param"),
        [
            (None, "missing_field", "messages[0].content"),
            (1, "invalid_type", "messages[0].content"),
            ([1], "invalid_type", "messages[0].content[0]"),
            ([{}], "missing_field", "messages[0].content[0].type"),
            ([{"type": "text"}], "missing_field", "messages[0].content[0].text"),
            ([{"type": "hologram"}], "unsupported_parameter", "messages[0].content[0].type"),
            ([{"type": "container_upload"}], "unsupported_parameter", "messages[0].content[0].type"),
            (
                [{"type": "image", "source": {"type": "tape"}}],
                "unsupported_parameter",
                "messages[0].content[0].source.type",
            ),
            (
                [{"type": "document", "source": {"type": "tape"}}],
                "unsupported_parameter",
                "messages[0].content[0].source.type",
            ),
            ([{"type": "tool_use", "id": "t", "input": {}}], "missing_field", "messages[0].content[0].name"),
            (
                [{"type": "tool_use", "id": "t", "name": "f", "input": []}],
                "invalid_type",
                "messages[0].content[0].input",
            ),
            ([{"type": "tool_result"}], "missing_field", "messages[0].content[0].tool_use_id"),
            (
                [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text"}]}],
                "missing_field",
                "messages[0].content[0].content[0].text",
            ),
            ([{"type": "redacted_thinking"}], "missing_field", "messages[0].content[0].data"),
        ],
    )
    def test_the_place_at_fault_is_named(self, content: Any, code: str, param: str) -> None:
        assert refused(messages=[{"role": "user", "content": content}]) == (code, param)

    def test_an_unknown_role(self) -> None:
        assert refused(messages=[{"role": "king", "content": "x"}])[1] == "messages[0].role"


class TestTools:
    def test_functions(self) -> None:
        tool = {"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True, "cache_control": MARK}
        (read,) = request_of(tools=[tool]).tools
        assert (read.name, read.description, read.strict) == ("f", "d", True)
        assert (plain(read.parameters), plain(read.cache_control)) == (SCHEMA, MARK)
        assert request_of(tools=[{"type": "custom", "name": "f"}]).tools == [Tool(name="f")]

    def test_what_only_anthropic_has_of_a_function_is_named(self) -> None:
        request = request_of(tools=[{"name": "f", "input_schema": SCHEMA, "defer_loading": True}])
        assert list(openai_chat.UPSTREAM.write_request(request, "m").dropped) == ["tools.defer_loading"]

    @pytest.mark.parametrize(
        ("type", "name", "argument"),
        [
            ("bash_20250124", "bash", "command"),
            ("text_editor_20250728", "str_replace_based_edit_tool", "old_str"),
            ("memory_20250818", "memory", "old_path"),
            ("computer_20250124", "computer", "coordinate"),
        ],
    )
    def test_those_that_the_client_runs_are_functions_to_other_models(
        self, type: str, name: str, argument: str
    ) -> None:
        request = request_of(tools=[{"type": type, "name": name, "display_width_px": 9}])
        (tool,) = request.tools
        assert (tool.name, request.builtin_tools) == (name, [])
        assert argument in plain(tool.parameters)["properties"]
        (sent,) = json.loads(openai_chat.UPSTREAM.write_request(request, "m").body)["tools"]
        assert sent["function"]["name"] == name

    def test_a_search_for_tools_is_left_out_by_name(self) -> None:
        search = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
        request = request_of(tools=[search, {"name": "f", "input_schema": {"type": "object"}, "defer_loading": True}])
        assert ([tool.name for tool in request.tools], request.builtin_tools) == (["f"], [])
        assert "tools[0]" in request.extras

    def test_built_in_ones(self) -> None:
        search = {
            "type": "web_search_20260209",
            "name": "web_search",
            "max_uses": 2,
            "blocked_domains": ["b"],
            "user_location": {"type": "approximate", "city": "Ulm", "country": None},
        }
        tools = [search, {"type": "code_execution_20250825", "name": "code_execution"}, {"type": "from_next_year_1"}]
        request = request_of(tools=tools, mcp_servers=[{"type": "url", "url": "https://a"}])
        assert [(tool.kind, tool.where, tool.dialect) for tool in request.builtin_tools] == [
            ("web_search", "tools[0]", "anthropic"),
            ("code_execution", "tools[1]", "anthropic"),
            ("other", "tools[2]", "anthropic"),
            ("mcp", "mcp_servers[0]", "anthropic"),
        ]
        assert request.builtin_tools[0].web_search == WebSearch(
            blocked_domains=["b"], location={"city": "Ulm"}, max_uses=2
        )
        assert plain(request.builtin_tools[0].raw) == search

    @pytest.mark.parametrize(
        ("choice", "neutral", "parallel"),
        [
            (None, None, None),
            ({"type": "auto"}, ToolChoice("auto"), None),
            ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required"), False),
            ({"type": "auto", "disable_parallel_tool_use": False}, ToolChoice("auto"), True),
            ({"type": "tool", "name": "f"}, ToolChoice("named", "f"), None),
            ({"type": "none"}, ToolChoice("none"), None),
        ],
    )
    def test_the_choice(self, choice: Any, neutral: ToolChoice | None, parallel: bool | None) -> None:
        request = request_of(tool_choice=choice)
        assert (request.tool_choice, request.parallel_tool_calls) == (neutral, parallel)

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"tools": {}}, "invalid_type", "tools"),
            ({"tools": [{}]}, "missing_field", "tools[0].name"),
            ({"tools": [{"name": "f", "input_schema": []}]}, "invalid_type", "tools[0].input_schema"),
            ({"tools": [{"type": 1}]}, "invalid_type", "tools[0].type"),
            ({"tools": [{"type": "web_search_1", "max_uses": "x"}]}, "invalid_type", "tools[0].max_uses"),
            ({"tool_choice": "auto"}, "invalid_type", "tool_choice"),
            ({"tool_choice": {"type": "f"}}, "invalid_value", "tool_choice.type"),
            ({"tool_choice": {"type": "tool"}}, "invalid_value", "tool_choice.name"),
        ],
    )
    def test_the_field_at_fault_is_named(self, fields: dict[str, Any], code: str, param: str) -> None:
        assert refused(**fields) == (code, param)


class TestTheRest:
    def test_sampling(self) -> None:
        request = request_of(max_tokens=5, temperature=0.5, top_p=0.9, top_k=3, stop_sequences=["x"])
        assert request.sampling == Sampling(max_tokens=5, temperature=0.5, top_p=0.9, top_k=3, stop=["x"])

    @pytest.mark.parametrize(
        ("thinking", "budget", "summary"),
        [
            ({"type": "enabled", "budget_tokens": 2000}, 2000, "auto"),
            ({"type": "enabled", "budget_tokens": 2000, "display": "omitted"}, 2000, "none"),
            ({"type": "adaptive"}, None, "auto"),
            ({"type": "adaptive", "display": "summarized"}, None, "auto"),
            ({"type": "disabled"}, 0, None),
            (None, None, None),
        ],
    )
    def test_thinking(self, thinking: Any, budget: int | None, summary: str | None) -> None:
        request = request_of(thinking=thinking)
        assert (request.thinking_budget, request.thinking_summary) == (budget, summary)

    def test_an_effort(self) -> None:
        request = request_of(output_config={"effort": "max", "task_budget": {"total": 1}})
        assert request.reasoning_effort == "max"
        assert plain(request.extras) == {"output_config": {"task_budget": {"total": 1}}}

    @pytest.mark.parametrize("name", ["output_config", "output_format"])
    def test_a_schema(self, name: str) -> None:
        closed = {**SCHEMA, "additionalProperties": False}
        for schema, strict in ((closed, None), ({**closed, "required": ["city"]}, True)):
            format = {"type": "json_schema", "schema": schema}
            request = request_of(**{name: format if name == "output_format" else {"format": format}})
            assert request.response_format is not None
            assert request.response_format.schema is not None
            assert plain(request.response_format.schema) == schema
            assert request.response_format == ResponseFormat(
                "json_schema", "answer", request.response_format.schema, strict
            )

    def test_who_asks_and_how_urgent_it_is(self) -> None:
        request = request_of(metadata={"user_id": "u", "task_type": "t"}, service_tier="standard_only")
        assert (request.user, request.service_tier, request.extras) == ("u", "default", {})

    def test_everything_else_is_kept_to_be_named(self) -> None:
        request = request_of(container="c", speed="fast", nothing=None, metadata={"team": "a"})
        assert plain(request.extras) == {"container": "c", "speed": "fast", "metadata": {"team": "a"}}

    @pytest.mark.parametrize("name", ["thinking", "output_config", "metadata", "stop_sequences", "max_tokens", "top_k"])
    def test_a_field_of_the_wrong_type_is_named(self, name: str) -> None:
        assert refused(**{name: 1.5})[1] == name


SIGNED = [
    {"role": "user", "content": "What is the weather?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "own="},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}]},
]


def test_what_is_read_can_be_written_again() -> None:
    """Anthropic → SeaLink's own → Anthropic: a conversation with signed thinking and a tool's result says the same."""
    request = request_of(messages=SIGNED, tools=[{"name": "f", "input_schema": SCHEMA}], system="s")
    written = json.loads(UPSTREAM.write_request(request, "claude-sonnet-4-6").body)
    text = {"type": "text", "text": "What is the weather?"}
    assert written["messages"] == [
        {"role": "user", "content": [text]},
        SIGNED[1],
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "sunny"}]}],
        },
    ]
    assert written["tools"] == [{"name": "f", "input_schema": SCHEMA}]


def test_as_openai_gets_it() -> None:
    request = request_of(
        messages=SIGNED, tools=[{"name": "f", "input_schema": SCHEMA}], stop_sequences=["x"], stream=True
    )
    outgoing = openai_chat.UPSTREAM.write_request(request, "gpt-5")
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert json.loads(outgoing.body) == {
        "model": "gpt-5",
        "messages": [
            {"role": "user", "content": "What is the weather?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
        "max_completion_tokens": 9,
        "stop": ["x"],
    }
    assert list(outgoing.dropped) == []


def test_every_recorded_request_can_be_read(recorded: list[Case]) -> None:
    """Those that clients have really sent: read, and written for OpenAI, unless a tool stands in the way."""
    wrong = {}
    requests = [case for case in recorded if case.api == "anthropic-messages" and case.request and case.kind != "error"]
    for case in requests:
        try:
            request = CLIENT.parse_request(CLIENT.parse_head(json.dumps({"model": "m", **case.request}).encode(), {}))
            openai_chat.UPSTREAM.write_request(request, "gpt-5")
        except InvalidRequest as error:
            if error.code != "unsupported_parameter":
                wrong[case.id] = (error.code, error.param, error.message)
    print(f"{len(requests) - len(wrong)} of {len(requests)}")
    assert not wrong


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=6
)


def some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(value, value, anything) for name, value in fields.items()}
    )


texts = st.sampled_from(["", "x", "\ud83d"])
types = st.sampled_from(
    ["text", "image", "document", "search_result", "tool_use", "tool_result", "thinking", "redacted_thinking", "x"]
)
sources = some_of(
    type=st.sampled_from(["base64", "url", "file", "text", "content"]), data=texts, url=texts, content=texts
)
blocks = st.recursive(
    some_of(
        type=types, text=texts, source=sources, id=texts, name=texts, tool_use_id=texts, input=anything, data=texts
    ),
    lambda inner: some_of(type=types, content=st.lists(inner, max_size=2), tool_use_id=texts, source=sources),
    max_leaves=4,
)
roles = st.sampled_from(["user", "assistant", "system"])
requests = some_of(
    model=st.just("m"),
    messages=st.lists(some_of(role=roles, content=texts | st.lists(blocks, max_size=3)), max_size=3),
    system=texts | st.lists(blocks, max_size=2),
    tools=st.lists(some_of(name=texts, type=texts, input_schema=anything), max_size=2),
    tool_choice=some_of(type=st.sampled_from(["auto", "any", "tool", "none"]), name=texts),
    thinking=some_of(type=st.sampled_from(["enabled", "disabled", "adaptive"]), budget_tokens=st.integers()),
    output_config=some_of(effort=texts, format=some_of(type=st.just("json_schema"), schema=anything)),
    metadata=some_of(user_id=texts, task_type=texts),
    stop_sequences=st.lists(texts, max_size=2),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_a_request_of_any_shape_is_read_or_refused(request: Any) -> None:
    with suppress(InvalidRequest):
        head = CLIENT.parse_head(json.dumps(request).encode(), {})
        CLIENT.prompt_text(head)
        CLIENT.structured_output(head)
        UPSTREAM.forward_request(head, "other")
        openai_chat.UPSTREAM.write_request(CLIENT.parse_request(head), "other")
