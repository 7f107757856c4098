"""A neutral request as Gemini gets it. https://ai.google.dev/api/generate-content"""

import json
from typing import Any

import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
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
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialects.gemini_generate import UPSTREAM, upstream_at
from sealink.wire.dialects.gemini_generate.upstream.contents import UNSIGNED
from wire.gemini_line import GEMINI_2, GEMINI_2_5, GEMINI_2_5_PRO, GEMINI_3, assistant, body, contents, write
from wire.upstream_asking import FIELDS, NEUTRAL_FIELDS, asking, changes, extras, user

SCHEMA = Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
WEATHER = Tool(name="weather", description="Weather", parameters=SCHEMA)
CALL = ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}')
HI = {"text": "Hi"}


def result(*parts: Part, call_id: str = "c1", is_error: bool = False) -> Message:
    return Message("tool", [ToolResult(call_id=call_id, content=list(parts), is_error=is_error)], "messages[2]")


def refused(request: ChatRequest, model: str = GEMINI_2_5) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        write(request, model)
    return caught.value


@pytest.mark.parametrize(
    ("base_url", "model", "path"),
    [
        ("https://generativelanguage.googleapis.com", "gemini-x", "/v1beta/models/gemini-x"),
        ("https://generativelanguage.googleapis.com/v1beta", "models/gemini-x", "/models/gemini-x"),
        ("https://x-aiplatform.googleapis.com/v1/projects/p/locations/x/publishers/google", "g@001", "/models/g@001"),
        ("https://x-aiplatform.googleapis.com/v1/projects/p/locations/x", "endpoints/1", "/endpoints/1"),
        ("https://proxy.example/gemini", "tunedModels/t", "/v1beta/tunedModels/t"),
        ("https://generativelanguage.googleapis.com", "a/b:c?d", "/v1beta/models/a%2Fb%3Ac%3Fd"),
    ],
)
def test_paths(base_url: str, model: str, path: str) -> None:
    upstream = upstream_at(base_url)
    assert upstream.write_request(asking(), model).path == f"{path}:generateContent"
    assert upstream.write_request(asking(stream=True), model).path == f"{path}:streamGenerateContent?alt=sse"


def test_only_what_is_asked_is_sent() -> None:
    assert body(asking()) == {"contents": [{"role": "user", "parts": [HI]}]}


def test_system_messages_are_hoisted() -> None:
    messages = [Message("system", [Text(text=text)]) for text in ("A", "B")]
    sent = body(asking(messages[0], user(Text(text="Hi")), messages[1]))
    assert sent["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert sent["contents"] == [{"role": "user", "parts": [HI]}]
    assert refused(asking(Message("system", [Image(url="https://x.example")], "messages[0]"))).param == "messages[0]"


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Image(media_type="image/png", data="aGk="), {"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        (Image(url="https://x.example/a.JPG?b=c.d"), {"fileUri": "https://x.example/a.JPG?b=c.d", "t": "image/jpeg"}),
        (Image(url="https://x.example/a"), {"fileUri": "https://x.example/a"}),
        (Audio(format="wav", data="aGk="), {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}),
        (
            File(media_type="application/pdf", data="aGk=", filename="a"),
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
        ),
        (File(url="gs://b/a.pdf"), {"fileUri": "gs://b/a.pdf", "t": "application/pdf"}),
        (File(file_id="https://g.example/files/1"), {"fileUri": "https://g.example/files/1"}),
        (Refusal(text="No"), {"text": "No"}),
    ],
)
def test_parts(part: Part, written: dict[str, Any]) -> None:
    if "fileUri" in written:
        written = {"fileData": {"mimeType" if name == "t" else name: value for name, value in written.items()}}
    assert contents(user(part)) == [{"role": "user", "parts": [written]}]


def test_another_vendors_file_id_is_refused() -> None:
    error = refused(asking(user(File(file_id="file-1"))))
    assert (error.code, error.param) == ("unsupported_parameter", "messages[0]")


def test_calls_and_results_find_each_other_by_id_and_name() -> None:
    sent = contents(user(Text(text="Hi")), assistant(Text(text="Well"), CALL), result(Text(text="12°")))
    assert sent[1:] == [
        {
            "role": "model",
            "parts": [
                {"text": "Well"},
                {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Rome"}}},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "12°"}}}],
        },
    ]


def test_a_result_without_a_call_is_refused_by_its_place() -> None:
    error = refused(asking(user(Text(text="Hi")), result(Text(text="x"), call_id="other")))
    assert (error.code, error.param) == ("invalid_value", "messages[2]")


def test_an_id_that_is_used_again_is_the_latest_calls() -> None:
    again = ToolCall(id="c1", name="time", arguments="")
    sent = contents(assistant(CALL), result(Text(text="a")), assistant(again), result(Text(text="b")))
    assert [turn["parts"][0]["functionResponse"]["name"] for turn in sent[1::2]] == ["weather", "time"]


def test_texts_of_nothing_are_left_out() -> None:
    sent = body(asking(Message("system", [Text(text="")]), user(Text(text="")), assistant(Text(text=""), CALL)))
    assert sent["contents"] == [{"role": "model", "parts": [{"functionCall": sent_call()}]}]
    assert "systemInstruction" not in sent


def sent_call() -> dict[str, Any]:
    return {"id": "c1", "name": "weather", "args": {"city": "Rome"}}


def test_results_of_parallel_calls_are_one_content_apart_from_what_the_user_says() -> None:
    second = ToolCall(id="c2", name="time", arguments="")
    more = user(Text(text="And?"))
    results = result(Text(text="a")), result(Text(text="b"), call_id="c2")
    sent = contents(user(Text(text="Hi")), assistant(CALL, second), *results, more, more)
    assert [(turn["role"], len(turn["parts"])) for turn in sent] == [
        ("user", 1),
        ("model", 2),
        ("user", 2),
        ("user", 2),
    ]
    assert sent[1]["parts"][1]["functionCall"]["args"] == {}


@pytest.mark.parametrize(
    ("text", "is_error", "response"),
    [
        ('{"a": 1}', False, {"a": 1}),
        ("[1]", False, {"output": "[1]"}),
        ("", False, {"output": ""}),
        ('{"a": 1}', True, {"error": '{"a": 1}'}),
    ],
)
def test_what_a_function_answers(text: str, is_error: bool, response: dict[str, Any]) -> None:
    sent = contents(assistant(CALL), result(Text(text=text), is_error=is_error))
    assert sent[1]["parts"][0]["functionResponse"]["response"] == response


def test_pictures_in_results_stand_inside_or_beside() -> None:
    picture, sound = Image(media_type="image/png", data="aGk="), Audio(format="wav", data="aGk=")
    blob = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    messages = assistant(CALL), result(Text(text="x"), picture, sound)
    inside = contents(*messages, model=GEMINI_3)[1]["parts"]
    assert inside[0]["functionResponse"]["parts"] == [blob]
    assert [list(part) for part in inside[1:]] == [["inlineData"]]
    beside = contents(*messages, model=GEMINI_2_5)[1]["parts"]
    assert "parts" not in beside[0]["functionResponse"]
    assert beside[1] == blob
    assert len(beside) == 3


def test_arguments_must_be_an_object_but_for_a_custom_tools() -> None:
    bad = ToolCall(id="c", name="f", arguments="[1]")
    assert refused(asking(assistant(bad))).param == "messages[1]"
    free = ToolCall(id="c", name="f", arguments="free text", is_custom=True)
    (part,) = contents(assistant(free))[0]["parts"]
    assert part["functionCall"]["args"] == {"input": "free text"}


def signed(signature: str, text: str = "") -> Reasoning:
    return Reasoning(text=text, signature=signature)


@pytest.mark.parametrize("first", [True, False])
def test_signatures_go_back_on_the_parts_that_they_came_with(first: bool) -> None:
    """OpenAI's clients hand back the thinking before all else, Anthropic's in its place."""
    thinking = [signed("gemini:call=c1:Yw=="), signed("gemini:text:dA==")]
    other: list[Part] = [Text(text="Well"), CALL]
    parts = [*thinking, *other] if first else [other[0], thinking[1], other[1], thinking[0]]
    (turn,) = contents(assistant(*parts), model=GEMINI_3)
    assert turn["parts"] == [
        {"text": "Well", "thoughtSignature": "dA=="},
        {
            "functionCall": {"id": "c1", "name": "weather", "args": {"city": "Rome"}},
            "thoughtSignature": "Yw==",
        },
    ]


def test_a_signature_from_the_end_of_a_text_goes_back_behind_it() -> None:
    (turn,) = contents(assistant(signed("gemini:end:ZQ=="), Text(text="Well"), CALL))
    assert [part.get("text") for part in turn["parts"]] == ["Well", "", None]
    assert turn["parts"][1]["thoughtSignature"] == "ZQ=="


def test_thoughts_go_back_if_gemini_has_signed_them() -> None:
    thought = signed("gemini:thought:dA==", "Hm")
    others = Reasoning(text="unsigned"), signed("bare/base64==", "Claude's"), signed("responses:x", "OpenAI's")
    (turn,) = contents(assistant(thought, *others, RedactedReasoning(data="x"), Text(text="a")))
    assert turn["parts"] == [{"text": "Hm", "thought": True, "thoughtSignature": "dA=="}, {"text": "a"}]
    assert contents(user(Text(text="Hi")), assistant(*others)) == [{"role": "user", "parts": [HI]}]


def test_what_googles_tools_did_goes_back_as_it_was() -> None:
    part = {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "x"}, "thoughtSignature": "dA=="}
    (turn,) = contents(assistant(signed("gemini:part:" + json.dumps(part)), Text(text="a")))
    assert turn["parts"] == [part, {"text": "a"}]
    assert refused(asking(assistant(signed("gemini:part:[1]")))).param == "messages[1]"


def test_a_call_that_is_not_signed_is_excused_in_the_turn_that_is_under_way() -> None:
    second = ToolCall(id="c2", name="time", arguments="")
    earlier = [user(Text(text="Hi")), assistant(CALL), result(Text(text="x"))]
    now = [user(Text(text="And?")), assistant(CALL, second), result(Text(text="x"))]

    def signatures(model: str, *messages: Message) -> list[str | None]:
        parts = [part for turn in contents(*messages, model=model) for part in turn["parts"]]
        return [part.get("thoughtSignature") for part in parts if "functionCall" in part]

    assert signatures(GEMINI_3, *earlier, *now) == [None, UNSIGNED, None]
    assert signatures(GEMINI_2_5, *earlier, *now) == [None, None, None]
    own = assistant(CALL, signed("gemini:call=c1:Yw=="), second)
    assert signatures(GEMINI_3, user(Text(text="And?")), own) == ["Yw==", None]


def test_functions() -> None:
    bare, empty = Tool(name="bare"), Tool(name="empty", parameters=Raw(b"{}"))
    (tools,) = body(asking(tools=[WEATHER, bare, empty]))["tools"]
    assert tools["functionDeclarations"] == [
        {"name": "weather", "description": "Weather", "parametersJsonSchema": json.loads(bytes(SCHEMA))},
        {"name": "bare"},
        {"name": "empty"},
    ]
    assert refused(asking(tools=[Tool(name="x", parameters=Raw(b"[]"))])).param == "tools[0].function.parameters"


STRICT = Tool(name="strict", strict=True)


@pytest.mark.parametrize(
    ("choice", "tools", "config"),
    [
        (None, [WEATHER], None),
        (None, [WEATHER, STRICT], {"mode": "VALIDATED"}),
        (ToolChoice("auto"), [WEATHER], {"mode": "AUTO"}),
        (ToolChoice("none"), [STRICT], {"mode": "NONE"}),
        (ToolChoice("required"), [STRICT], {"mode": "ANY"}),
        (ToolChoice("named", "weather"), [WEATHER], {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (ToolChoice("auto"), [], None),
    ],
)
def test_which_functions_may_be_called(choice: ToolChoice | None, tools: list[Tool], config: Any) -> None:
    sent = body(asking(tools=tools, tool_choice=choice))
    assert sent.get("toolConfig") == (config and {"functionCallingConfig": config})


def test_a_choice_among_no_functions_is_refused() -> None:
    assert refused(asking(tool_choice=ToolChoice("required"))).param == "tool_choice"


def builtin(kind: Any, dialect: str = "openai", raw: bytes = b"{}", **options: Any) -> BuiltinTool:
    return BuiltinTool(kind=kind, where="tools[0]", raw=Raw(raw), dialect=dialect, web_search=WebSearch(**options))


@pytest.mark.parametrize(
    ("kind", "written"),
    [("web_search", "googleSearch"), ("web_fetch", "urlContext"), ("code_execution", "codeExecution")],
)
def test_tools_of_googles_own(kind: str, written: str) -> None:
    assert body(asking(builtin_tools=[builtin(kind)]))["tools"] == [{written: {}}]
    both = asking(builtin_tools=[builtin(kind)], tools=[WEATHER])
    assert body(both, GEMINI_3)["toolConfig"] == {"includeServerSideToolInvocations": True}
    assert "toolConfig" not in body(both, GEMINI_2_5)


def test_what_a_search_cannot_be_told_is_named() -> None:
    asked = builtin("web_search", max_uses=3, location={"city": "Rome"}, context_size="low")
    dropped = write(asking(builtin_tools=[asked]))[1].dropped
    assert dropped == ("tools[0].user_location", "tools[0].search_context_size", "tools[0].max_uses")


@pytest.mark.parametrize("name", ["allowed_domains", "blocked_domains"])
def test_a_search_of_certain_domains_is_not_made_one_of_all(name: str) -> None:
    assert refused(asking(builtin_tools=[builtin("web_search", **{name: ["a.example"]})])).param == f"tools[0].{name}"


@pytest.mark.parametrize("kind", ["file_search", "image_generation", "mcp", "other"])
def test_tools_that_google_does_not_have_are_refused(kind: str) -> None:
    error = refused(asking(builtin_tools=[builtin(kind)]))
    assert (error.code, error.param) == ("unsupported_parameter", "tools[0]")


def test_the_knobs() -> None:
    sampling = Sampling(
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_k=3,
        stop=["x"],
        seed=4,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        logit_bias=Raw(b"{}"),
    )
    sent, outgoing = write(asking(sampling=sampling, choices=2, logprobs=True, top_logprobs=5))
    assert sent["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 3,
        "stopSequences": ["x"],
        "seed": 4,
        "frequencyPenalty": 0.1,
        "presencePenalty": 0.2,
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 5,
    }
    assert outgoing.dropped == ("logit_bias",)


@pytest.mark.parametrize(
    ("model", "samples"),
    [
        (GEMINI_3, True),
        ("gemini-3.5-flash", True),
        ("gemini-3.5-flash-lite", False),
        ("google/gemini-3.6-flash", False),
        ("gemini-flash-latest", False),
        ("gemma-3-27b", True),
    ],
)
def test_newer_models_take_no_sampling_knobs(model: str, samples: bool) -> None:
    """From 3.6 on a temperature, a top_p or a top_k is refused; the same for 3.5 Flash-Lite."""
    sent, outgoing = write(asking(sampling=Sampling(temperature=0.5, top_p=1, top_k=2)), model)
    assert ("generationConfig" in sent) is samples
    assert outgoing.dropped == (() if samples else ("temperature", "top_p", "top_k"))


def test_from_3_on_there_is_one_answer() -> None:
    assert refused(asking(choices=2), GEMINI_3).param == "n"


def test_penalties_of_nothing_are_left_out() -> None:
    assert "generationConfig" not in body(asking(sampling=Sampling(frequency_penalty=0, presence_penalty=0)))


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (ResponseFormat("text"), None),
        (ResponseFormat("json_object"), {"responseMimeType": "application/json"}),
        (
            ResponseFormat("json_schema", "n", SCHEMA, strict=True),
            {"responseMimeType": "application/json", "responseJsonSchema": json.loads(bytes(SCHEMA))},
        ),
    ],
)
def test_formats(wanted: ResponseFormat, written: Any) -> None:
    assert body(asking(response_format=wanted)).get("generationConfig") == written


def test_a_format_without_its_schema_is_refused() -> None:
    assert refused(asking(response_format=ResponseFormat("json_schema"))).param == "response_format"


def test_modalities() -> None:
    assert "generationConfig" not in body(asking(modalities=["text"]))
    assert body(asking(modalities=["text", "image"]))["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}
    assert refused(asking(modalities=["text", "audio"])).param == "modalities"


@pytest.mark.parametrize(
    ("model", "asked", "config"),
    [
        (GEMINI_2_5, {}, None),
        (GEMINI_2_5, {"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        (GEMINI_2_5, {"reasoning_effort": "low"}, {"thinkingBudget": 1024, "includeThoughts": True}),
        (GEMINI_2_5, {"reasoning_effort": "xhigh"}, {"thinkingBudget": 24576, "includeThoughts": True}),
        (GEMINI_2_5, {"thinking_budget": 0}, {"thinkingBudget": 0}),
        (GEMINI_2_5, {"thinking_budget": 5000}, {"thinkingBudget": 5000, "includeThoughts": True}),
        (GEMINI_2_5, {"thinking_budget": 5000, "thinking_summary": "none"}, {"thinkingBudget": 5000}),
        (GEMINI_2_5, {"thinking_summary": "auto"}, {"includeThoughts": True}),
        ("gemini-2.5-flash-lite", {"thinking_budget": 100}, {"thinkingBudget": 512, "includeThoughts": True}),
        (GEMINI_2_5_PRO, {"reasoning_effort": "none"}, {"thinkingBudget": 128}),
        (GEMINI_2_5_PRO, {"reasoning_effort": "max"}, {"thinkingBudget": 32768, "includeThoughts": True}),
        (GEMINI_3, {"reasoning_effort": "none"}, {"thinkingLevel": "MINIMAL"}),
        (GEMINI_3, {"reasoning_effort": "medium"}, {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        (GEMINI_3, {"thinking_budget": 0}, {"thinkingLevel": "MINIMAL"}),
        (GEMINI_3, {"thinking_budget": 4000}, {"thinkingLevel": "LOW", "includeThoughts": True}),
        (GEMINI_3, {"thinking_budget": 30000}, {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-3-pro-preview", {"reasoning_effort": "minimal"}, {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-3-pro-preview", {"reasoning_effort": "medium"}, {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-3.1-pro-preview", {"reasoning_effort": "none"}, {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", {"reasoning_effort": "minimal"}, {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-4-argon", {"reasoning_effort": "xhigh"}, {"thinkingLevel": "HIGH", "includeThoughts": True}),
    ],
)
def test_thinking(model: str, asked: dict[str, Any], config: Any) -> None:
    sent, outgoing = write(asking(**asked), model)
    assert sent.get("generationConfig", {}).get("thinkingConfig") == config
    assert outgoing.dropped == ()


@pytest.mark.parametrize("model", [GEMINI_2, "gemini-2.5-flash-image", "gemma-3-27b"])
def test_models_that_do_not_think_are_not_asked_to(model: str) -> None:
    asked = asking(reasoning_effort="low", thinking_budget=9, thinking_summary="auto")
    sent, outgoing = write(asked, model)
    assert "generationConfig" not in sent
    assert outgoing.dropped == ("reasoning_effort", "thinking_budget", "thinking_summary")
    assert write(asking(reasoning_effort="none", thinking_budget=0), model)[1].dropped == ()


def test_an_effort_that_is_none_is_refused() -> None:
    assert refused(asking(reasoning_effort="huge")).param == "reasoning_effort"


def test_googles_own_fields_go_through() -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    asked = extras(
        safety_settings=safety,
        cachedContent="cachedContents/1",
        labels={"a": "b"},
        thinking_config={"thinkingBudget": 7},
        generationConfig={"mediaResolution": "MEDIA_RESOLUTION_LOW", "seed": 2},
        nothing=None,
        prompt_cache_key="x",
    )
    sent, outgoing = write(asking(extras=asked, sampling=Sampling(seed=1), reasoning_effort="low"))
    assert sent["safetySettings"] == safety
    assert (sent["cachedContent"], sent["labels"]) == ("cachedContents/1", {"a": "b"})
    assert sent["generationConfig"] == {
        "seed": 2,
        "mediaResolution": "MEDIA_RESOLUTION_LOW",
        "thinkingConfig": {"thinkingBudget": 7},
    }
    assert outgoing.dropped == ("prompt_cache_key",)
    assert refused(asking(extras=extras(generation_config=[1]))).param == "generationConfig"


@pytest.mark.parametrize(
    ("tier", "written"), [("auto", None), ("default", "standard"), ("flex", "flex"), ("priority", "priority")]
)
def test_service_tiers(tier: str, written: str | None) -> None:
    sent, outgoing = write(asking(service_tier=tier))
    assert sent.get("serviceTier") == written
    assert outgoing.dropped == ()
    assert write(asking(service_tier="scale"))[1].dropped == ("service_tier",)


SILENT = {
    "model": "the provider's own name stands in the path",
    "include_usage": "Gemini always tells the usage",
    "tool.format": "a custom tool is refused",
    "tool.namespace": "a tool's name begins with it",
    "tool.is_tool_search": "to a model it is a function like others",
}
REQUEST_FIELDS: dict[str, tuple[ChatRequest, ChatRequest]] = {
    **FIELDS,
    "tool_choice": (asking(tools=[WEATHER]), asking(tools=[WEATHER], tool_choice=ToolChoice("none"))),
    "top_logprobs": (asking(logprobs=True), asking(logprobs=True, top_logprobs=2)),
    "tool.name": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="g")])),
}


@pytest.mark.parametrize("model", [GEMINI_2_5, GEMINI_3])
@pytest.mark.parametrize("name", NEUTRAL_FIELDS)
def test_every_field_is_used_dropped_by_name_or_refused(name: str, model: str) -> None:
    assert name in SILENT or changes(UPSTREAM, model, *REQUEST_FIELDS[name])


def outcome(request: ChatRequest, model: str) -> Any:
    """What is sent, and what the client is told about it."""
    try:
        written = UPSTREAM.write_request(request, model)
    except InvalidRequest as error:
        return error.param or pytest.fail("an unnamed refusal")
    return written.path, written.body, written.dropped


@pytest.mark.parametrize("part", Part.__subclasses__())
def test_every_kind_of_part_is_written_or_refused_by_its_place(part: type[Part]) -> None:
    examples: dict[type[Part], Part] = {
        Text: Text(text="a"),
        Image: Image(url="https://example.com"),
        File: File(url="https://example.com"),
        Audio: Audio(format="wav", data="aGk="),
        Reasoning: Reasoning(text="a", signature="gemini:thought:eA=="),
        RedactedReasoning: RedactedReasoning(data="a"),
        Refusal: Refusal(text="a"),
        ToolCall: ToolCall(id="a", name="f", arguments="{}"),
        ToolResult: ToolResult(call_id="c1"),
    }
    of_models = part in (Reasoning, RedactedReasoning, ToolCall)
    message = assistant(Text(text="x"), examples[part]) if of_models else user(Text(text="x"), examples[part])
    sent = contents(assistant(CALL), message)
    foreign = {RedactedReasoning: "another vendor's thinking, silently left out"}
    assert (sum(len(turn["parts"]) for turn in sent) == 3) is (part not in foreign)


def test_knobs_that_gemini_does_not_have_are_named() -> None:
    marked = Text(text="x", cache_control=Raw(b'{"type":"ephemeral"}'))
    asked = asking(user(marked, Image(url="https://x.example", detail="low")), user="u")
    assert write(asked)[1].dropped == ("user", "image_url.detail", "cache_control")
