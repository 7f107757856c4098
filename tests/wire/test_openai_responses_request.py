"""Requests of Responses clients, read into SeaLink's own."""

import json
from typing import Any

import pytest
from msgspec import Raw

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
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialects.openai_responses import CLIENT


def read(**fields: Any) -> ChatRequest:
    body = json.dumps({"model": "m", "input": "Hi", **fields}).encode()
    return CLIENT.parse_request(CLIENT.parse_head(body, {}))


def refused(**fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    return caught.value


def parts_of(*items: Any) -> list[list[Part]]:
    return [message.parts for message in read(input=list(items)).messages]


def test_a_text_is_what_the_user_says() -> None:
    request = read()
    assert request.messages == [Message("user", [Text(text="Hi")], "input")]
    assert (request.model, request.stream, request.include_usage) == ("m", False, True)
    assert request.extras == {}


def test_the_head() -> None:
    body = b'{"model":"m","input":[],"stream":true,"metadata":{"task_type":"chat"}}'
    head = CLIENT.parse_head(body, {})
    assert (head.model, head.stream, head.include_usage, head.task_type, head.body) == ("m", True, True, "chat", body)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_type", None),
        (b'{"input":"Hi"}', "missing_field", "model"),
        (b'{"model":"","input":"Hi"}', "missing_field", "model"),
        (b'{"model":1,"input":"Hi"}', "invalid_type", "model"),
        (b'{"model":"m","input":1}', "invalid_type", "input"),
        (b'{"model":"m","input":["Hi"]}', "invalid_type", "input[0]"),
        (b'{"model":"m","input":"Hi","stream":"yes"}', "invalid_type", "stream"),
    ],
)
def test_heads_that_cannot_be_read(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CLIENT.parse_head(body, {})
    assert (caught.value.code, caught.value.param) == (code, param)


def test_a_request_without_input_is_for_the_upstream_that_keeps_it() -> None:
    assert CLIENT.parse_head(b'{"model":"m","prompt":{"id":"pmpt_1"}}', {}).model == "m"
    with pytest.raises(InvalidRequest) as caught:
        CLIENT.parse_request(CLIENT.parse_head(b'{"model":"m"}', {}))
    assert caught.value.param == "input"


def test_instructions_and_developer_messages_are_the_systems() -> None:
    developer = {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]}
    messages = read(instructions="Be kind.", input=[developer, {"role": "user", "content": "Hi"}]).messages
    assert [(message.role, message.where) for message in messages] == [
        ("system", "instructions"),
        ("system", "input[0]"),
        ("user", "input[1]"),
    ]


def test_what_a_user_says() -> None:
    content = [
        {"type": "input_text", "text": "Look", "cache_control": {"type": "ephemeral"}},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,aGk="},
        {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"},
        {"type": "input_file", "file_data": "aGk="},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
    ]
    assert parts_of({"type": "message", "role": "user", "content": content}) == [
        [
            Text(text="Look", cache_control=Raw(b'{"type": "ephemeral"}')),
            Image(url="https://example.com/a.png", detail="low"),
            Image(media_type="image/png", data="aGk="),
            File(filename="a.txt", media_type="text/plain", data="aGk="),
            File(media_type="application/pdf", data="aGk="),
            File(url="https://example.com/a.pdf"),
            File(file_id="file-1"),
            Audio(format="wav", data="aGk="),
        ]
    ]


def test_a_turn_of_the_models_is_one_message_and_its_results_are_another() -> None:
    messages = read(
        input=[
            {"role": "user", "content": "Hi"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {
                "type": "message",
                "role": "assistant",
                "id": "msg_1",
                "content": [
                    {"type": "output_text", "text": "I look.", "annotations": []},
                    {"type": "refusal", "refusal": "No."},
                ],
            },
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT 1"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {
                "type": "custom_tool_call_output",
                "call_id": "c2",
                "output": [{"type": "input_image", "image_url": "https://example.com"}],
            },
            {"role": "assistant", "content": "Done."},
        ]
    ).messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[1].parts == [
        Reasoning(text="Hm."),
        Text(text="I look."),
        Refusal(text="No."),
        ToolCall(id="c1", name="f", arguments="{}"),
        ToolCall(id="c2", name="sql", arguments="SELECT 1", is_custom=True),
    ]
    assert messages[2].parts == [
        ToolResult(call_id="c1", content=[Text(text="1")]),
        ToolResult(call_id="c2", content=[Image(url="https://example.com")]),
    ]


def test_thinking_comes_back_with_its_signature() -> None:
    """Another dialect's is marked by SeaLink's encoder; what is not marked is an OpenAI-like upstream's own."""
    summary = [{"type": "summary_text", "text": "Hm."}]
    assert parts_of(
        {"type": "reasoning", "summary": summary, "encrypted_content": "sealink:c2ln"},
        {"type": "reasoning", "summary": [], "encrypted_content": "sealink:gemini:abc"},
        {"type": "reasoning", "summary": [], "encrypted_content": "sealink-redacted:xyz"},
        {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "gAAA"},
        {"type": "reasoning", "id": "rs_2", "summary": [], "content": [{"type": "reasoning_text", "text": "Why."}]},
    ) == [
        [
            Reasoning(text="Hm.", signature="c2ln"),
            Reasoning(signature="gemini:abc"),
            RedactedReasoning(data="xyz"),
            Reasoning(text="Hm.", signature="responses:rs_1:gAAA"),
            Reasoning(text="Why."),
        ]
    ]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "input[0].type"),
        ({"type": "compaction", "encrypted_content": "gAAA"}, "input[0].type"),
        ({"type": "message", "content": "Hi"}, "input[0].role"),
        ({"role": "wizard", "content": "Hi"}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": [{"type": "input_video"}]}, "input[0].content[0].type"),
        ({"role": "user", "content": [{"type": "input_image"}]}, "input[0].content[0].image_url"),
        ({"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}, "input[0].content[0].file_id"),
        ({"role": "user", "content": [{"type": "input_file"}]}, "input[0].content[0].file_data"),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png,hi"}]},
            "input[0].content[0].image_url",
        ),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "input[0].name"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "input[0].call_id"),
        ({"type": "function_call_output", "output": "1"}, "input[0].call_id"),
        ({"type": "function_call_output", "call_id": "c"}, "input[0].output"),
        ({"role": "user", "content": [{"type": "input_text", "text": 1}]}, "input[0].content[0].text"),
    ],
)
def test_items_that_are_refused_by_their_place(item: Any, param: str) -> None:
    assert refused(input=[item]).param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("conversation", {"id": "conv_1"}),
        ("prompt", {"id": "pmpt_1"}),
        ("background", True),
    ],
)
def test_what_only_the_upstream_that_keeps_it_could_give_is_refused(field: str, value: Any) -> None:
    error = refused(**{field: value})
    assert (error.code, error.param) == ("unsupported_parameter", field)


def test_tools() -> None:
    request = read(
        tools=[
            {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
            {"type": "custom", "name": "sql", "format": {"type": "text"}},
            {
                "type": "web_search_preview",
                "search_context_size": "low",
                "user_location": {"type": "approximate", "city": "Bremen", "region": None},
                "filters": {"allowed_domains": ["a.org"]},
            },
            {"type": "mcp", "server_label": "x"},
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "computer_use_preview"},
        ]
    )
    assert list(request.extras) == ["tools[5]"], "the client runs it: left out by name"
    assert request.tools == [
        Tool(name="f", description="d", parameters=Raw(b'{"type":"object"}'), strict=True),
        Tool(name="sql", is_custom=True, format=Raw(b'{"type": "text"}')),
    ]
    assert [(tool.kind, tool.where) for tool in request.builtin_tools] == [
        ("web_search", "tools[2]"),
        ("mcp", "tools[3]"),
        ("code_execution", "tools[4]"),
    ]
    assert request.builtin_tools[0].web_search == WebSearch(
        allowed_domains=["a.org"], location={"city": "Bremen"}, context_size="low"
    )
    assert refused(tools=[{"type": "function"}]).param == "tools[0].name"


def test_a_group_of_tools_is_taken_apart() -> None:
    """As Codex offers its sub-agents: upstreams without namespaces know each tool by a name that has it."""
    request = read(
        tools=[{"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "spawn"}]}],
        input=[{"type": "function_call", "call_id": "c", "name": "spawn", "namespace": "agents", "arguments": "{}"}],
    )
    assert [(tool.name, tool.namespace) for tool in request.tools] == [("agents__spawn", "agents")]
    assert request.messages[0].parts == [ToolCall(id="c", name="agents__spawn", arguments="{}")]


def test_a_search_that_only_openai_has_is_left_out_by_name() -> None:
    """Codex offers a search in OpenAI's copy of the web with every request."""
    request = read(tools=[{"type": "web_search", "external_web_access": False}])
    assert (request.builtin_tools, list(request.extras)) == ([], ["tools[0]"])
    assert read(tools=[{"type": "web_search", "external_web_access": True}]).builtin_tools[0].kind == "web_search"


@pytest.mark.parametrize(
    ("value", "choice", "left"),
    [
        ("auto", ToolChoice("auto"), ["f", "g"]),
        ("required", ToolChoice("required"), ["f", "g"]),
        ({"type": "function", "name": "g"}, ToolChoice("named", "g"), ["f", "g"]),
        ({"type": "custom", "name": "g"}, ToolChoice("named", "g"), ["f", "g"]),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]},
            ToolChoice("required"),
            ["g"],
        ),
    ],
)
def test_tool_choice(value: Any, choice: ToolChoice, left: list[str]) -> None:
    tools = [{"type": "function", "name": name} for name in "fg"]
    request = read(tools=tools, tool_choice=value)
    assert (request.tool_choice, [tool.name for tool in request.tools]) == (choice, left)


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ("perhaps", "tool_choice"),
        ({"type": "function"}, "tool_choice.name"),
        ({"type": "web_search_preview"}, "tool_choice.type"),
        ({"type": "allowed_tools", "mode": "perhaps"}, "tool_choice.mode"),
    ],
)
def test_choices_that_are_refused(value: Any, param: str) -> None:
    assert refused(tool_choice=value).param == param


def test_knobs_and_what_else_is_modelled() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    request = read(
        max_output_tokens=5,
        temperature=0.5,
        top_p=0.6,
        parallel_tool_calls=False,
        reasoning={"effort": "low", "summary": "detailed"},
        text={"format": schema, "verbosity": "low"},
        top_logprobs=2,
        include=["message.output_text.logprobs", "reasoning.encrypted_content", "file_search_call.results"],
        user="u",
        service_tier="flex",
    )
    sampling = request.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p) == (5, 0.5, 0.6)
    assert request.parallel_tool_calls is False
    assert (request.reasoning_effort, request.thinking_summary) == ("low", "detailed")
    assert request.response_format == ResponseFormat("json_schema", "n", Raw(b'{"type":"object"}'), True)
    assert (request.logprobs, request.top_logprobs, request.user, request.service_tier) == (True, 2, "u", "flex")
    assert request.extras == {"verbosity": Raw(b'"low"'), "include": Raw(b'["file_search_call.results"]')}
    assert refused(text={"format": {"type": "json_schema", "name": "n"}}).param == "text.format.schema"


def test_what_asks_for_nothing_is_done_with_and_the_rest_is_kept() -> None:
    nothing = {"store": False, "background": False, "truncation": "disabled", "stream_options": {}, "prompt": None}
    assert read(**nothing, metadata={"task_type": "chat"}).extras == {}
    kept = read(store=True, truncation="auto", prompt_cache_key="k", metadata={"task_type": "chat", "a": "b"})
    assert {name: bytes(raw) for name, raw in kept.extras.items()} == {
        "store": b"true",
        "truncation": b'"auto"',
        "prompt_cache_key": b'"k"',
        "metadata": b'{"a":"b"}',
    }


def test_the_words_of_a_request() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,aGk="}
    body = {
        "model": "m",
        "instructions": "Be kind.",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}, image]}],
        "tools": [{"type": "function", "name": "f", "description": "Does."}],
    }
    text = CLIENT.prompt_text(CLIENT.parse_head(json.dumps(body).encode(), {}))
    assert text == "Be kind.\nHi\nf\nDoes."
