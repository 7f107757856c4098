"""Requests as they go to Bedrock, Cohere and Ollama: every neutral field is used, named as dropped, or refused."""

import base64
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects import bedrock_converse, cohere_chat, ollama_chat
from wire.upstream_asking import (
    FIELDS,
    SILENT,
    WEATHER,
    asking,
    attempt,
    changes,
    extras,
    user,
    write,
)

DIALECTS: dict[str, tuple[UpstreamDialect, str]] = {
    "bedrock-claude": (bedrock_converse.UPSTREAM, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "bedrock-claude-4.6": (bedrock_converse.UPSTREAM, "us.anthropic.claude-opus-4-6-v1"),
    "bedrock-nova": (bedrock_converse.UPSTREAM, "us.amazon.nova-2-lite-v1:0"),
    "bedrock-nova-1": (bedrock_converse.UPSTREAM, "amazon.nova-micro-v1:0"),
    "bedrock-gpt-oss": (bedrock_converse.UPSTREAM, "openai.gpt-oss-120b-1:0"),
    "bedrock-llama": (bedrock_converse.UPSTREAM, "meta.llama3-8b-instruct-v1:0"),
    "cohere": (cohere_chat.UPSTREAM, "command-a-reasoning-08-2025"),
    "cohere-r": (cohere_chat.UPSTREAM, "command-r"),
    "ollama": (ollama_chat.UPSTREAM, "qwen3"),
}
PARTS: list[Part] = [
    Text(text="x"),
    Image(media_type="image/png", data="iVBO"),
    Image(url="https://example.com/x.png"),
    File(media_type="application/pdf", data="JVBE", filename="a.pdf"),
    File(media_type="image/png", data="iVBO"),
    File(file_id="file-1"),
    Audio(format="mp3", data="AAAA"),
    Reasoning(text="Hm."),
    Reasoning(text="Hm.", signature="EpUJ"),
    Reasoning(text="Hm.", signature="gemini:x"),
    RedactedReasoning(data="EtkE"),
    Refusal(text="No."),
    ToolCall(id="c1", name="f", arguments='{"a":1}'),
    ToolResult(call_id="c1", content=[Text(text="1")], is_error=True),
]
every_dialect = pytest.mark.parametrize("name", DIALECTS)


def test_no_field_is_left_out_of_the_proof() -> None:
    fields = {*ChatRequest.__struct_fields__, *(f"sampling.{name}" for name in Sampling.__struct_fields__)}
    assert fields <= FIELDS.keys()


@every_dialect
@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_used_dropped_by_name_or_refused(name: str, field: str) -> None:
    assert field in SILENT or changes(*DIALECTS[name], *FIELDS[field])


@every_dialect
@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_every_kind_of_part_is_written_or_refused(name: str, part: Part) -> None:
    """Thinking that another vendor signed stays behind; all else is there, or refused by its place."""
    role: Any = "assistant" if isinstance(part, Reasoning | RedactedReasoning | Refusal | ToolCall) else "user"
    asked = asking(user(Text(text="Hi")), Message(role, [part], "messages[1]"), user(Text(text="Go on")))
    outcome = attempt(*DIALECTS[name], asked)
    if isinstance(outcome, str):
        assert outcome == "messages[1]"
    else:
        is_there = any(words.encode() in outcome.body for words in words_of(part))
        assert is_there or isinstance(part, Reasoning | RedactedReasoning)


def words_of(part: Part) -> list[str]:
    """The words by which a part can be found again."""
    if isinstance(part, ToolResult):
        return ['"1"', "c1"]
    names = ("text", "data", "url", "name")
    return [value for name in names if isinstance(value := getattr(part, name, None), str) and value]


@every_dialect
def test_the_stream_is_asked_for(name: str) -> None:
    dialect, model = DIALECTS[name]
    body, outgoing = write(dialect, asking(stream=True), model)
    assert body.get("stream") is True or outgoing.path.endswith("/converse-stream")
    body, outgoing = write(dialect, asking(), model)
    assert body.get("stream") is False or outgoing.path.endswith("/converse")
    assert outgoing.headers == ()


def ollama(request: ChatRequest) -> Any:
    return write(ollama_chat.UPSTREAM, request, "qwen3")[0]


def cohere(request: ChatRequest) -> Any:
    return write(cohere_chat.UPSTREAM, request, "command-a-reasoning-08-2025")[0]


def bedrock(request: ChatRequest, name: str = "bedrock-claude") -> Any:
    return write(*DIALECTS[name][:1], request, DIALECTS[name][1])[0]


CONVERSATION = [
    Message("system", [Text(text="Be brief.")], "messages[0]"),
    Message("user", [Text(text="Weather?"), Image(media_type="image/png", data="iVBO")], "messages[1]"),
    Message(
        "assistant",
        [
            Reasoning(text="Hm.", signature="EpUJ"),
            Text(text="Let me "),
            Text(text="look."),
            ToolCall(id="c1", name="get_weather", arguments='{"city": "Paris"}'),
            ToolCall(id="c2", name="get_time", arguments=""),
        ],
        "messages[2]",
    ),
    Message("tool", [ToolResult(call_id="c1", content=[Text(text="Sunny")])], "messages[3]"),
    Message("tool", [ToolResult(call_id="c2", content=[Text(text="boom")], is_error=True)], "messages[4]"),
    Message("user", [Text(text="And?")], "messages[5]"),
]


def test_a_conversation_with_ollama() -> None:
    assert ollama(asking(*CONVERSATION, tools=[WEATHER])) == {
        "model": "qwen3",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?", "images": ["iVBO"]},
            {
                "role": "assistant",
                "content": "Let me look.",
                "thinking": "Hm.",
                "tool_calls": [
                    {"id": "c1", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}},
                    {"id": "c2", "function": {"name": "get_time", "arguments": {}}},
                ],
            },
            {"role": "tool", "content": "Sunny", "tool_name": "get_weather", "tool_call_id": "c1"},
            {"role": "tool", "content": "boom", "tool_name": "get_time", "tool_call_id": "c2"},
            {"role": "user", "content": "And?"},
        ],
        "stream": False,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "get_weather",
                    "description": "Weather",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
    }


def test_a_conversation_with_cohere() -> None:
    text = [{"type": "text", "text": "Let me "}, {"type": "text", "text": "look."}]
    arguments = ['{"city": "Paris"}', "{}"]
    calls = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": said}}
        for id, name, said in zip(("c1", "c2"), ("get_weather", "get_time"), arguments, strict=True)
    ]
    pixel = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
    assert cohere(asking(*CONVERSATION))["messages"] == [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}, pixel]},
        {"role": "assistant", "content": text, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "Sunny"}]},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "boom"}]},
        {"role": "user", "content": [{"type": "text", "text": "And?"}]},
    ]


def test_a_conversation_with_bedrock() -> None:
    """Alternating turns; tool results come first in theirs; the tools' names are those that were called."""
    body = bedrock(asking(*CONVERSATION))
    assert body["system"] == [{"text": "Be brief."}]
    assert body["messages"] == [
        {
            "role": "user",
            "content": [{"text": "Weather?"}, {"image": {"format": "png", "source": {"bytes": "iVBO"}}}],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EpUJ"}}},
                {"text": "Let me "},
                {"text": "look."},
                {"toolUse": {"toolUseId": "c1", "name": "get_weather", "input": {"city": "Paris"}}},
                {"toolUse": {"toolUseId": "c2", "name": "get_time", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "Sunny"}]}},
                {"toolResult": {"toolUseId": "c2", "content": [{"text": "boom"}], "status": "error"}},
                {"text": "And?"},
            ],
        },
    ]
    names = [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]]
    assert names == ["get_weather", "get_time"]
    assert "toolConfig" not in bedrock(asking(CONVERSATION[3]))  # an empty list of tools is refused


def test_a_plan_goes_back_to_cohere_in_its_place() -> None:
    said = [
        Reasoning(text="Look it up.", signature="cohere:tool_plan"),
        Reasoning(text="Hm."),
        *CONVERSATION[2].parts[3:],
    ]
    (message,) = cohere(asking(Message("assistant", said, "messages[0]")))["messages"]
    assert (message["tool_plan"], message["content"]) == ("Look it up.", [{"type": "thinking", "thinking": "Hm."}])


def test_redacted_thinking_goes_back_to_bedrock_as_it_came() -> None:
    """Anthropic's own data is wrapped once more; Bedrock's own, of another vendor's model, is as it was."""
    said: list[Part] = [RedactedReasoning(data="EtkE"), RedactedReasoning(data="bedrock:/w=="), Text(text="x")]
    (message,) = bedrock(asking(Message("assistant", said, "messages[0]")))["messages"]
    blobs = [block["reasoningContent"]["redactedContent"] for block in message["content"][:2]]
    assert blobs == [base64.b64encode(b"EtkE").decode(), "/w=="]


CLAUDE_THINKS = {"thinking": {"type": "enabled", "budget_tokens": 16_384}}
CLAUDE_THINKS_LESS = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
NOVA_THINKS = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}


@pytest.mark.parametrize(
    ("name", "fields", "additional", "output", "dropped"),
    [
        ("bedrock-claude", {"reasoning_effort": "high"}, CLAUDE_THINKS, None, ()),
        ("bedrock-claude", {"thinking_budget": 2000}, CLAUDE_THINKS_LESS, None, ()),
        ("bedrock-claude-4.6", {"reasoning_effort": "low"}, "adaptive", {"effort": "low"}, ()),
        ("bedrock-nova", {"reasoning_effort": "low"}, NOVA_THINKS, None, ()),
        ("bedrock-nova", {"reasoning_effort": "none"}, {"reasoningConfig": {"type": "disabled"}}, None, ()),
        ("bedrock-nova-1", {"reasoning_effort": "low"}, None, None, ("reasoning_effort",)),
        ("bedrock-gpt-oss", {"reasoning_effort": "max"}, {"reasoning_effort": "high"}, None, ()),
        ("bedrock-llama", {"reasoning_effort": "low"}, None, None, ("reasoning_effort",)),
        ("bedrock-claude", {"sampling": Sampling(top_k=5)}, {"top_k": 5}, None, ()),
        ("bedrock-nova", {"sampling": Sampling(top_k=5)}, {"inferenceConfig": {"topK": 5}}, None, ()),
        ("bedrock-llama", {"sampling": Sampling(top_k=5)}, None, None, ("top_k",)),
    ],
)
def test_what_only_some_models_take(name: str, fields: Any, additional: Any, output: Any, dropped: Any) -> None:
    body, outgoing = write(*DIALECTS[name][:1], asking(**fields), DIALECTS[name][1])
    said = body.get("additionalModelRequestFields")
    assert (said["thinking"]["type"] if additional == "adaptive" else said) == additional
    assert (body.get("outputConfig"), outgoing.dropped) == (output, dropped)


def test_nova_at_full_thought_takes_no_other_knobs() -> None:
    request = asking(reasoning_effort="high", sampling=Sampling(max_tokens=9, temperature=0.5, stop=["x"]))
    body, outgoing = write(bedrock_converse.UPSTREAM, request, "us.amazon.nova-2-lite-v1:0")
    assert body["inferenceConfig"] == {"stopSequences": ["x"]}
    assert outgoing.dropped == ("max_tokens", "temperature")


def test_a_bedrock_models_id_is_one_segment_of_the_path() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    outgoing = bedrock_converse.UPSTREAM.write_request(asking(stream=True), arn)
    assert re.fullmatch(r"/model/[^/]+/converse-stream", outgoing.path)
    assert outgoing.headers == [("accept", "application/vnd.amazon.eventstream")]


def test_cache_points_stand_behind_what_is_marked() -> None:
    hour = Raw(b'{"type":"ephemeral","ttl":"1h"}')
    request = asking(
        Message("system", [Text(text="S", cache_control=hour)], "messages[0]"),
        Message("tool", [ToolResult(call_id="c", content=[Text(text="1")], cache_control=hour)], "messages[1]"),
        tools=[Tool(name="f", cache_control=Raw(b'{"type":"ephemeral"}'))],
    )
    body, outgoing = write(bedrock_converse.UPSTREAM, request, "anthropic.claude-sonnet-4-5")
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert body["system"] == [{"text": "S"}, point]
    assert body["messages"][0]["content"][1] == point
    assert body["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default"}}
    assert outgoing.dropped == ()
    _, outgoing = write(bedrock_converse.UPSTREAM, request, "meta.llama3-8b-instruct-v1:0")
    assert outgoing.dropped == ("cache_control",)


def test_documents_have_names_of_their_own() -> None:
    pdf = File(media_type="application/pdf", data="JVBE", filename="Q3 report_v2.pdf")
    sheet = File(media_type="", data="AAAA", filename="x.csv")
    body = bedrock(asking(user(pdf, pdf, sheet, File(media_type="text/plain", data="QQ=="), Image(url="s3://b/x.jpg"))))
    *documents, image = body["messages"][0]["content"]
    assert [(each["document"]["format"], each["document"]["name"]) for each in documents] == [
        ("pdf", "Q3 report v2"),
        ("pdf", "Q3 report v2 (2)"),
        ("csv", "x"),
        ("txt", "document"),
    ]
    assert image == {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/x.jpg"}}}}


@pytest.mark.parametrize(
    ("choice", "cohere_says", "bedrock_says"),
    [
        (ToolChoice("auto"), None, {"auto": {}}),
        (ToolChoice("required"), "REQUIRED", {"any": {}}),
        (ToolChoice("named", "get_weather"), "REQUIRED", {"tool": {"name": "get_weather"}}),
    ],
)
def test_tool_choice(choice: ToolChoice, cohere_says: Any, bedrock_says: Any) -> None:
    request = asking(tools=[WEATHER, Tool(name="other")], tool_choice=choice)
    assert bedrock(request)["toolConfig"]["toolChoice"] == bedrock_says
    body = cohere(request)
    assert body.get("tool_choice") == cohere_says
    assert len(body["tools"]) == (1 if choice.mode == "named" else 2)


def test_no_tool_is_called_without_any() -> None:
    request = asking(tools=[WEATHER], tool_choice=ToolChoice("none"))
    assert "tools" not in ollama(request)
    assert "toolConfig" not in bedrock(request)
    assert cohere(request)["tool_choice"] == "NONE"
    called = asking(*CONVERSATION, tools=[WEATHER], tool_choice=ToolChoice("none"))
    body, outgoing = write(bedrock_converse.UPSTREAM, called, "anthropic.claude-sonnet-4-5")
    assert "toolChoice" not in body["toolConfig"]
    assert outgoing.dropped == ("tool_choice",)


@every_dialect
def test_a_choice_among_no_tools_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        DIALECTS[name][0].write_request(asking(tool_choice=ToolChoice("required")), DIALECTS[name][1])
    assert caught.value.param == "tool_choice"


@every_dialect
def test_json_of_any_shape_and_of_a_schema(name: str) -> None:
    dialect, model = DIALECTS[name]
    for wanted in (ResponseFormat("json_object"), ResponseFormat("json_schema", "a", Raw(b'{"type":"object"}'))):
        body, outgoing = write(dialect, asking(response_format=wanted), model)
        assert body != write(dialect, asking(), model)[0]
        assert outgoing.dropped == ()
    with pytest.raises(InvalidRequest) as caught:
        dialect.write_request(asking(response_format=ResponseFormat("json_schema", "a")), model)
    assert caught.value.param == "response_format"


def test_own_fields_go_on_as_they_are() -> None:
    said = ollama(
        asking(extras=extras(keep_alive="5m", options={"num_ctx": 8192, "seed": 1}), sampling=Sampling(seed=2))
    )
    assert (said["keep_alive"], said["options"]) == ("5m", {"num_ctx": 8192, "seed": 1})
    assert cohere(asking(extras=extras(documents=["a"], safety_mode="OFF")))["documents"] == ["a"]
    guard = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    fields = {"top_k": 3, "thinking": {"type": "disabled"}}
    body = bedrock(
        asking(
            extras=extras(guardrailConfig=guard, additionalModelRequestFields=fields, metadata={"team": "a", "n": 1}),
            sampling=Sampling(top_k=5, stop=["x"]),
        )
    )
    assert (body["guardrailConfig"], body["additionalModelRequestFields"]) == (guard, fields)
    assert body["requestMetadata"] == {"team": "a"}
    assert body["additionalModelResponseFieldPaths"] == ["/stop_sequence"]


@pytest.mark.parametrize("value", [[], "x", 1])
def test_options_that_are_none(value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ollama(asking(extras=extras(options=value)))
    assert caught.value.param == "options"


@every_dialect
def test_an_effort_that_nobody_knows(name: str) -> None:
    outcome = attempt(*DIALECTS[name], asking(reasoning_effort="enormous"))
    assert (outcome if isinstance(outcome, str) else outcome.dropped) in ("reasoning_effort", ("reasoning_effort",))


def test_a_clouds_own_search() -> None:
    tool = FIELDS["builtin_tools"][1]
    assert bedrock(tool, "bedrock-nova")["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_grounding"}}]
    with pytest.raises(InvalidRequest) as caught:
        bedrock(tool)
    assert caught.value.param == "tools[0]"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_NAMES = ["thinking", "metadata", "options", "betas", "documents", "outputConfig", "additionalModelRequestFields", "x"]


@given(
    st.sampled_from(sorted(DIALECTS)),
    st.dictionaries(st.sampled_from(_NAMES), _VALUES.map(msgspec.json.encode).map(Raw)),
    st.text(max_size=10),
    _VALUES.map(msgspec.json.encode).map(Raw),
)
def test_any_request_is_written_or_refused(name: str, own: dict[str, Raw], text: str, schema: Raw) -> None:
    request = ChatRequest(
        model="m",
        messages=[
            Message("user", [Text(text=text), File(filename=text, media_type="text/csv", data="QQ==")], "messages[0]"),
            Message("assistant", [ToolCall(id=text, name=text, arguments=text)], "messages[1]"),
        ],
        tools=[Tool(name="f", parameters=schema, strict=True, cache_control=schema)],
        response_format=ResponseFormat("json_schema", "a", schema),
        sampling=Sampling(temperature=0.5, stop=[text]),
        reasoning_effort="low",
        extras=own,
    )
    outcome = attempt(*DIALECTS[name], request)
    assert outcome
    if not isinstance(outcome, str):
        msgspec.json.decode(outcome.body)
