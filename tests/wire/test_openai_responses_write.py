"""Requests as they go to a Responses upstream: every neutral field is used, named as dropped, or refused."""

import json
from typing import Any

import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    BuiltinKind,
    BuiltinTool,
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    ResponseFormat,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.openai_responses import CLIENT, UPSTREAM
from wire.upstream_asking import FIELDS, NEUTRAL_FIELDS, asking, changes, extras

GPT_4_1, GPT_5, GPT_5_1, O_3 = "gpt-4.1", "gpt-5", "gpt-5.1", "o3-mini"
HI = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
WEATHER = Tool(name="get_weather", description="Weather", parameters=Raw(b'{"type":"object","properties":{}}'))
ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


def message(role: Role, *parts: Part) -> Message:
    return Message(role, list(parts), "messages[0]")


def write(request: ChatRequest, model: str = GPT_4_1) -> tuple[dict[str, Any], OutgoingRequest]:
    outgoing = UPSTREAM.write_request(request, model)
    return json.loads(outgoing.body), outgoing


def body(request: ChatRequest, model: str = GPT_4_1) -> dict[str, Any]:
    return write(request, model)[0]


def input_of(*messages: Message) -> list[Any]:
    return list(body(asking(*messages))["input"])


def builtin(kind: BuiltinKind, dialect: str = "elsewhere", **fields: Any) -> BuiltinTool:
    return BuiltinTool(kind=kind, where="tools[0]", raw=Raw(b'{"type":"theirs"}'), dialect=dialect, **fields)


def test_the_least_request() -> None:
    written, outgoing = write(asking())
    assert written == {"model": GPT_4_1, "input": [HI], "store": False}
    assert (outgoing.path, outgoing.headers, outgoing.dropped) == ("/responses", (), ())


def test_the_system_messages_at_the_start_are_the_instructions() -> None:
    system = message("system", Text(text="Be kind."))
    written = body(asking(system, message("system", Text(text="Be brief.")), message("user", Text(text="Hi")), system))
    assert written["instructions"] == "Be kind.\n\nBe brief."
    late = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be kind."}]}
    assert written["input"] == [HI, late]


def test_what_a_user_says() -> None:
    parts = [
        Text(text="Look"),
        Image(url="https://example.com/a.png", detail="low"),
        Image(media_type="image/png", data="aGk="),
        File(media_type="application/pdf", data="aGk="),
        File(filename="notes.txt", media_type="text/plain", data="aGk="),
        File(media_type="image/webp", data="aGk="),
        File(url="https://example.com/a.pdf"),
        File(file_id="file-1"),
        Audio(format="wav", data="aGk="),
    ]
    assert input_of(message("user", *parts))[0]["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"},
        {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,aGk="},
        {"type": "input_file", "filename": "notes.txt", "file_data": "data:text/plain;base64,aGk="},
        {"type": "input_image", "image_url": "data:image/webp;base64,aGk=", "detail": "auto"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
    ]


def test_an_answer_is_taken_apart_into_items_in_their_order() -> None:
    answer = message(
        "assistant",
        Reasoning(text="Hm.", signature="responses:rs_1:gAAA"),
        Text(text="I look."),
        ToolCall(id="c1", name="f", arguments='{"a":1}'),
        ToolCall(id="c2", name="sql", arguments="SELECT 1", is_custom=True),
        Refusal(text="No."),
    )
    results = message(
        "tool",
        ToolResult(call_id="c1", content=[Text(text="1"), Text(text="2")]),
        ToolResult(call_id="c2", content=[Text(text="x"), Image(url="https://example.com")]),
    )
    assert input_of(answer, results) == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "gAAA",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT 1"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"type": "function_call_output", "call_id": "c1", "output": "12"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": "https://example.com", "detail": "auto"},
            ],
        },
    ]


def test_only_its_own_thinking_goes_back() -> None:
    plain = Reasoning(text="In plain words.", signature="responses:rs_2:")
    others = [Reasoning(text="a", signature="c2ln"), Reasoning(text="b", signature="gemini:x"), Reasoning(text="c")]
    answer = message("assistant", *others, RedactedReasoning(data="d"), plain, Text(text="So."))
    thought, *rest = input_of(answer)
    assert thought["content"] == [{"type": "reasoning_text", "text": "In plain words."}]
    assert (thought["id"], thought["summary"]) == ("rs_2", [])
    assert [item["type"] for item in rest] == ["message"]


def test_functions_say_that_they_are_not_strict() -> None:
    custom = Tool(name="sql", is_custom=True, format=Raw(b'{"type":"text"}'))
    tools = body(asking(tools=[WEATHER, Tool(name="ping", strict=True), custom]))["tools"]
    empty = {"type": "object", "properties": {}}
    about = {"name": "get_weather", "description": "Weather"}
    assert tools == [
        {"type": "function", **about, "parameters": empty, "strict": False},
        {"type": "function", "name": "ping", "parameters": empty, "strict": True},
        {"type": "custom", "name": "sql", "format": {"type": "text"}},
    ]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("named", "get_weather"), {"type": "function", "name": "get_weather"}),
        (ToolChoice("named", "sql"), {"type": "custom", "name": "sql"}),
    ],
)
def test_tool_choice(choice: ToolChoice, written: Any) -> None:
    tools = [WEATHER, Tool(name="sql", is_custom=True)]
    assert body(asking(tools=tools, tool_choice=choice))["tool_choice"] == written


def test_builtin_tools_in_this_apis_words() -> None:
    search = WebSearch(allowed_domains=["a.org"], location={"city": "Bremen"}, context_size="low", max_uses=3)
    tools = [builtin("web_search", web_search=search), builtin("code_execution"), builtin("other", "responses")]
    written, outgoing = write(asking(builtin_tools=tools))
    assert written["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["a.org"]},
            "user_location": {"type": "approximate", "city": "Bremen"},
            "search_context_size": "low",
        },
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "theirs"},
    ]
    assert outgoing.dropped == ("tools[0].max_uses",)


def test_chat_completions_way_to_ask_for_a_search() -> None:
    options = {"user_location": {"type": "approximate", "approximate": {"country": "DE"}}}
    assert body(asking(extras=extras(web_search_options=options)))["tools"] == [
        {"type": "web_search", "user_location": {"type": "approximate", "country": "DE"}}
    ]
    with pytest.raises(InvalidRequest) as caught:
        body(asking(extras=extras(web_search_options=1)))
    assert caught.value.param == "web_search_options"


@pytest.mark.parametrize(
    ("model", "fields", "reasoning"),
    [
        (GPT_4_1, {}, None),
        (GPT_5, {"reasoning_effort": "minimal"}, {"effort": "minimal"}),
        (GPT_5, {"reasoning_effort": "none"}, {"effort": "minimal"}),
        (GPT_5, {"reasoning_effort": "xhigh"}, {"effort": "high"}),
        ("gpt-5-pro", {"reasoning_effort": "low"}, {"effort": "high"}),
        (GPT_5_1, {"reasoning_effort": "none"}, {"effort": "none"}),
        ("gpt-5.2-codex", {"reasoning_effort": "max"}, {"effort": "xhigh"}),
        (O_3, {"reasoning_effort": "none"}, {"effort": "low"}),
        ("some-model", {"reasoning_effort": "xhigh"}, {"effort": "xhigh"}),
        (GPT_5, {"thinking_budget": 0}, {"effort": "minimal"}),
        (GPT_5_1, {"thinking_budget": 0}, {"effort": "none"}),
        (GPT_5, {"thinking_budget": 4096}, {"effort": "low"}),
        (GPT_5, {"thinking_budget": 8192}, {"effort": "medium"}),
        (GPT_5, {"thinking_budget": 30_000}, {"effort": "high"}),
        (GPT_4_1, {"thinking_budget": 30_000}, None),
        (GPT_5, {"thinking_summary": "auto"}, {"summary": "auto"}),
        (GPT_5, {"thinking_summary": "none"}, None),
    ],
)
def test_how_much_to_think(model: str, fields: dict[str, Any], reasoning: Any) -> None:
    assert body(asking(**fields), model).get("reasoning") == reasoning


def test_a_budget_for_a_model_that_takes_none_is_named() -> None:
    assert write(asking(thinking_budget=2000))[1].dropped == ("thinking_budget",)


@pytest.mark.parametrize("model", [GPT_5, GPT_5_1, "gpt-5.3-codex", O_3, "codex-mini-latest", "openai/o4-mini"])
def test_models_that_reason_are_asked_for_it_and_have_no_temperature(model: str) -> None:
    written, outgoing = write(asking(sampling=Sampling(temperature=0.2, top_p=1)), model)
    assert written["include"] == [ENCRYPTED]
    assert "temperature" not in written
    assert outgoing.dropped == ("temperature",)


@pytest.mark.parametrize("model", [GPT_4_1, "gpt-4o", "gpt-5-chat-latest", "gpt-oss-120b", "some-model"])
def test_models_that_do_not_would_refuse_to_be_asked(model: str) -> None:
    written, outgoing = write(asking(sampling=Sampling(temperature=0.2)), model)
    assert "include" not in written
    assert (written["temperature"], outgoing.dropped) == (0.2, ())


def test_a_model_that_is_told_not_to_reason_takes_a_temperature() -> None:
    assert body(asking(reasoning_effort="none", sampling=Sampling(temperature=0.2)), GPT_5_1)["temperature"] == 0.2


def test_an_unknown_model_that_is_asked_to_reason_is_asked_for_the_reasoning() -> None:
    assert body(asking(reasoning_effort="low"), "some-model")["include"] == [ENCRYPTED]


def test_log_probabilities() -> None:
    written = body(asking(logprobs=True, top_logprobs=3, extras=extras(include=["file_search_call.results"])))
    assert written["include"] == ["file_search_call.results", LOGPROBS]
    assert written["top_logprobs"] == 3


def test_structured_output_and_verbosity() -> None:
    format = ResponseFormat("json_schema", name="n", schema=Raw(b'{"type":"object"}'), strict=True)
    text = body(asking(response_format=format, extras=extras(verbosity="low")))["text"]
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    assert text == {"format": schema, "verbosity": "low"}
    assert body(asking(response_format=ResponseFormat("json_object")))["text"] == {"format": {"type": "json_object"}}


def test_a_limit_that_is_too_small_becomes_the_smallest() -> None:
    assert body(asking(sampling=Sampling(max_tokens=1)))["max_output_tokens"] == 16
    assert body(asking(sampling=Sampling(max_tokens=17)))["max_output_tokens"] == 17


def test_what_only_this_api_has_goes_through_and_the_rest_is_named() -> None:
    written, outgoing = write(asking(extras=extras(metadata={"a": "b"}, store=True, max_tool_calls=2, thinking={})))
    assert (written["metadata"], written["store"], written["max_tool_calls"]) == ({"a": "b"}, True, 2)
    assert outgoing.dropped == ("thinking",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"choices": 2}, "n"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"builtin_tools": [builtin("web_fetch")]}, "tools[0]"),
        ({"builtin_tools": [builtin("other")]}, "tools[0]"),
    ],
)
def test_features_that_this_api_does_not_have_are_refused(fields: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(**fields))
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "unsupported_parameter", param)


def test_the_clients_own_bytes_for_a_client_of_the_same_dialect() -> None:
    given = b'{ "model": "m", "input": [ {"type":"reasoning","encrypted_content":"gAAA"} ], "store": true }'
    outgoing = UPSTREAM.forward_request(CLIENT.parse_head(given, {}), "m")
    assert (outgoing.path, outgoing.body) == ("/responses", given)


def test_what_is_changed_in_them() -> None:
    """The model's name, SeaLink's own tag, and thinking that other dialects' models have signed."""
    given = (
        b'{"model":"alias","input":[{"type":"reasoning","encrypted_content":"sealink:c2ln"},'
        b'{"type":"reasoning","encrypted_content":"sealink-redacted:x"},{"role":"user","content":"Hi"}],'
        b'"metadata":{"task_type":"chat","a":"b"}}'
    )
    outgoing = UPSTREAM.forward_request(CLIENT.parse_head(given, {}), "gpt-x")
    assert outgoing.body == b'{"model":"gpt-x","input":[{"role":"user","content":"Hi"}],"metadata":{"a":"b"}}'
    alone = b'{"model":"m","input":"Hi","metadata":{"task_type":"chat"}}'
    assert UPSTREAM.forward_request(CLIENT.parse_head(alone, {}), "m").body == b'{"model":"m","input":"Hi"}'


REQUEST_FIELDS: dict[str, tuple[ChatRequest, ChatRequest]] = {
    **FIELDS,
    "thinking_summary": (asking(), asking(thinking_summary="auto")),
    "sampling": (asking(), asking(sampling=Sampling(max_tokens=50))),
    "sampling.max_tokens": (asking(), asking(sampling=Sampling(max_tokens=50))),
    "tool.name": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="g")])),
    "tool.is_tool_search": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="f", is_tool_search=True)])),
    "tool.format": (
        asking(tools=[Tool(name="f", is_custom=True)]),
        asking(tools=[Tool(name="f", is_custom=True, format=Raw(b'{"type":"text"}'))]),
    ),
}

SILENT = {
    "model": "the target's own name is sent",
    "include_usage": "this API always tells the usage",
    "tool.namespace": "a client that has namespaces is of this dialect, and its bytes are forwarded",
}


@pytest.mark.parametrize("name", NEUTRAL_FIELDS)
def test_every_field_is_used_dropped_by_name_or_refused(name: str) -> None:
    assert name in SILENT or changes(UPSTREAM, GPT_5_1, *REQUEST_FIELDS[name])


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", Text(text="a")),
        ("user", Image(url="https://example.com")),
        ("user", File(url="https://example.com")),
        ("user", Audio(format="wav", data="aGk=")),
        ("assistant", Image(url="https://example.com")),
        ("assistant", Reasoning(text="a", signature="responses:i:e")),
        ("assistant", Refusal(text="a")),
        ("user", Refusal(text="a")),
        ("assistant", ToolCall(id="a", name="f", arguments="{}")),
        ("tool", ToolResult(call_id="a")),
    ],
)
def test_every_kind_of_part_is_written_or_refused(role: Role, part: Part) -> None:
    assert changes(UPSTREAM, GPT_5_1, asking(), asking(message("user", Text(text="Hi")), message(role, part)))


def test_betas_go_through() -> None:
    head = CLIENT.parse_head(b'{"model":"m","input":"Hi"}', {"openai-beta": "x=1", "accept": "*/*"})
    assert UPSTREAM.forward_request(head, "m").headers == [("openai-beta", "x=1")]
