"""Codex's tools of today, before models that know nothing of Responses: declared anywhere, found by search, called, and
sent back in later turns. github.com/openai/codex/issues/20574, github.com/router-for-me/CLIProxyAPI/issues/4850
"""

import json
from typing import Any

import pytest

from sealink.app.dialects import spoken_at
from sealink.events import BlockEnd, BlockStart, Event, Finish, StreamEnd, StreamStart, ToolArgsDelta
from sealink.providers import VENDORS
from sealink.request import ChatRequest, Image, Message, Text, Tool, ToolCall, ToolResult
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    gemini_generate,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from sealink.wire.dialects.openai_responses import CLIENT
from sealink.wire.stream.answer_framing import decode_stream

FUNCTION = {"type": "function", "name": "wait", "parameters": {"type": "object", "properties": {}}, "strict": False}
EXEC = {"type": "custom", "name": "exec", "description": "Run a script"}
PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
}
SEARCH = {
    "type": "tool_search",
    "execution": "client",
    "description": "Find tools",
    "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
}
GROUP = {"type": "namespace", "name": "mcp__files", "tools": [FUNCTION | {"name": "read"}]}
HI = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
IDENTITY = FallbackIdentity("1", 1)


def read(**fields: Any) -> ChatRequest:
    body = json.dumps({"model": "m", "input": [HI], **fields}).encode()
    return CLIENT.parse_request(CLIENT.parse_head(body, {}))


def declared(*tools: dict[str, Any]) -> dict[str, Any]:
    return {"type": "additional_tools", "role": "developer", "tools": list(tools)}


def names(request: ChatRequest) -> list[tuple[str, str]]:
    return [(tool.name, tool.namespace) for tool in request.tools]


class TestDeclaring:
    def test_tools_of_an_item_are_as_those_of_the_request(self) -> None:
        request = read(input=[declared(EXEC, FUNCTION, PATCH), HI])
        assert request.tools == read(tools=[EXEC, FUNCTION, PATCH]).tools
        assert request.messages == [Message("user", [Text(text="Hi")], "input[1]")], "it is no part of what was said"

    def test_both_places_count_and_an_item_may_come_late_or_again(self) -> None:
        request = read(tools=[FUNCTION], input=[declared(EXEC), HI, declared(EXEC, PATCH), declared(FUNCTION)])
        assert [tool.name for tool in request.tools] == ["wait", "exec", "apply_patch"]

    def test_groups_within_groups(self) -> None:
        tree = {"type": "namespace", "name": "functions", "tools": [EXEC, GROUP, SEARCH, {"type": "local_shell"}]}
        request = read(input=[declared(tree), HI])
        assert names(request) == [("exec", ""), ("mcp__files__read", "mcp__files"), ("tool_search", "")]

    def test_the_group_of_all_ungrouped_tools_is_no_group(self) -> None:
        """OpenAI's models find all tools in `functions`: what is called is `exec`, and so it is sent back."""
        call = {"type": "custom_tool_call", "call_id": "c", "name": "exec", "namespace": "functions", "input": "ls"}
        request = read(tools=[{"type": "namespace", "name": "functions", "tools": [EXEC]}], input=[HI, call])
        assert names(request) == [("exec", "")]
        assert request.messages[1].parts == [ToolCall(id="c", name="exec", arguments="ls", is_custom=True)]

    def test_an_empty_item(self) -> None:
        for empty in ({"type": "additional_tools"}, {"type": "additional_tools", "tools": None}, declared()):
            assert read(input=[empty, HI]).tools == []

    @pytest.mark.parametrize("name", ["local_shell", "shell", "apply_patch", "computer", "computer_use_preview"])
    def test_what_the_client_runs_does_not_sink_the_request(self, name: str) -> None:
        request = read(tools=[{"type": name}, FUNCTION], input=[declared({"type": name}), HI])
        assert [tool.name for tool in request.tools] == ["wait"]
        assert request.builtin_tools == []
        assert list(request.extras) == ["tools[0]", "input[0].tools[0]"], "left out, by its place"

    def test_a_search_by_the_server_only_saves_tokens(self) -> None:
        request = read(tools=[FUNCTION | {"defer_loading": True}, {"type": "tool_search"}])
        assert [tool.name for tool in request.tools] == ["wait"]
        assert list(request.extras) == ["tools[1]"]


class TestSearching:
    def test_a_search_by_the_client_is_a_function(self) -> None:
        (tool,) = read(tools=[SEARCH]).tools
        assert (tool.name, tool.description, tool.is_tool_search) == ("tool_search", "Find tools", True)
        assert json.loads(bytes(tool.parameters or b"")) == SEARCH["parameters"]

    @pytest.mark.parametrize("upstream", [openai_chat.UPSTREAM, anthropic_messages.UPSTREAM, gemini_generate.UPSTREAM])
    def test_every_upstream_can_be_told_of_it(self, upstream: Any) -> None:
        body = upstream.write_request(read(tools=[SEARCH], max_output_tokens=9), "claude-sonnet-4-6").body
        assert b'"name":"tool_search"' in body

    def test_its_call_comes_back_as_the_item_that_codex_runs(self) -> None:
        request = read(tools=[SEARCH], stream=True)
        events: list[Event] = [
            StreamStart("1", "m"),
            BlockStart(0, "tool_call", id="call_1", name="tool_search"),
            ToolArgsDelta(0, '{"query":'),
            ToolArgsDelta(0, '"files"}'),
            BlockEnd(0),
            Finish("tool_calls"),
            StreamEnd(),
        ]
        (item,) = json.loads(CLIENT.whole(request, events, IDENTITY))["output"]
        assert item | {"id": ""} == {
            "type": "tool_search_call",
            "id": "",
            "call_id": "call_1",
            "execution": "client",
            "status": "completed",
            "arguments": {"query": "files"},
        }
        encoder = CLIENT.encoder(request, IDENTITY)
        frames = b"".join(encoder.encode(event) for event in events).decode()
        done = [line for line in frames.splitlines() if line.startswith("data:") and "output_item.done" in line]
        assert json.loads(done[0][6:])["item"] == item
        assert "function_call" not in frames

    def test_the_declaration_is_repeated_as_it_was(self) -> None:
        answer = json.loads(CLIENT.whole(read(tools=[SEARCH]), [StreamStart("1", "m"), StreamEnd()], IDENTITY))
        assert answer["tools"] == [SEARCH]

    def test_what_was_found_can_be_called_in_the_next_turn(self) -> None:
        call = {"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {"query": "files"}}
        found = {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [GROUP, PATCH]}
        request = read(tools=[SEARCH], input=[HI, call, found])
        assert names(request) == [("tool_search", ""), ("mcp__files__read", "mcp__files"), ("apply_patch", "")]
        assert request.messages[1].parts == [ToolCall(id="c", name="tool_search", arguments='{"query": "files"}')]
        result = ToolResult(call_id="c", content=[Text(text="mcp__files__read\napply_patch")])
        assert request.messages[2].parts == [result]

    def test_what_the_server_searched_is_left_out(self) -> None:
        call = {"type": "tool_search_call", "call_id": None, "execution": "server", "arguments": {"paths": ["wait"]}}
        found = {"type": "tool_search_output", "call_id": None, "execution": "server", "tools": [FUNCTION]}
        assert len(read(tools=[FUNCTION], input=[HI, call, found]).messages) == 1


CALLED = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "xs_call_1", "name": "x_keyword_search", "input": "{}"}
SAID = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Found"}]}
FOUND = {"id": "1", "model": "m", "created_at": 1, "status": "completed", "output": [CALLED, SAID]}


class TestToolsOfTheVendorItself:
    """xAI's search of X looks like a call of a client's custom tool, and has been run already."""

    UPSTREAM = openai_responses.OpenAIResponsesUpstream("xs_call")

    @staticmethod
    def stream() -> bytes:
        frames: list[dict[str, Any]] = [
            {"type": "response.created", "response": FOUND | {"output": [], "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": CALLED | {"input": ""}},
            {"type": "response.custom_tool_call_input.delta", "output_index": 0, "item_id": "ctc_1", "delta": "{}"},
            {"type": "response.custom_tool_call_input.done", "output_index": 0, "item_id": "ctc_1", "input": "{}"},
            {"type": "response.output_item.done", "output_index": 0, "item": CALLED},
            {"type": "response.output_item.done", "output_index": 1, "item": SAID},
            {"type": "response.completed", "response": FOUND},
        ]
        return b"".join(b"data: %b\n\n" % json.dumps(frame).encode() for frame in frames)

    def test_they_are_not_the_clients_to_run(self) -> None:
        for events in (
            self.UPSTREAM.decode_whole(json.dumps(FOUND).encode()),
            decode_stream(self.stream(), self.UPSTREAM),
        ):
            answer = json.loads(openai_chat.CLIENT.whole(read(), events, IDENTITY))
            (choice,) = answer["choices"]
            assert (choice["finish_reason"], choice["message"]["content"]) == ("stop", "Found")
            assert not choice["message"].get("tool_calls")

    def test_the_clients_own_still_are(self) -> None:
        own = FOUND | {"output": [CALLED | {"call_id": "call_1"}]}
        events = self.UPSTREAM.decode_whole(json.dumps(own).encode())
        assert [event.kind for event in events if isinstance(event, BlockStart)] == ["custom_tool_call"]

    def test_xai_is_known_to_have_them(self) -> None:
        (profile,) = (profile for profile in VENDORS["xai"].profiles if profile.dialect == "responses")
        upstream = spoken_at("responses", profile.base_url, profile)
        events = upstream.decode_whole(json.dumps(FOUND).encode())
        assert [event.kind for event in events if isinstance(event, BlockStart)] == ["other", "text"]


@pytest.mark.parametrize(
    ("kind", "fields", "output", "text"),
    [
        ("local_shell", {"action": {"type": "exec", "command": ["ls"]}}, "a.txt", "a.txt"),
        ("shell", {"action": {"commands": ["ls"]}}, [{"stdout": "a.txt"}], '[{"stdout": "a.txt"}]'),
        ("apply_patch", {"operation": {"type": "delete_file", "path": "a"}}, None, ""),
    ],
)
def test_what_came_of_openais_own_tools_stays_in_the_conversation(
    kind: str, fields: dict[str, Any], output: Any, text: str
) -> None:
    call = {"type": f"{kind}_call", "call_id": "c", "status": "completed", **fields}
    request = read(input=[HI, call, {"type": f"{kind}_call_output", "call_id": "c", "output": output}])
    (arguments,) = fields.values()
    assert request.messages[1].parts == [ToolCall(id="c", name=kind, arguments=json.dumps(arguments))]
    assert request.messages[2].parts == [ToolResult(call_id="c", content=[Text(text=text)])]


FUNCTIONS_ONLY = {
    "anthropic": (anthropic_messages.UPSTREAM, "claude-sonnet-4-6"),
    "gemini": (gemini_generate.UPSTREAM, "gemini-2.5-flash"),
    "bedrock": (bedrock_converse.UPSTREAM, "amazon.nova-pro-v1:0"),
    "cohere": (cohere_chat.UPSTREAM, "command-a-03-2025"),
    "ollama": (ollama_chat.UPSTREAM, "llama3"),
}


def test_a_shell_call_is_known_by_its_own_id() -> None:
    """OpenAI's output of a local shell has no `call_id`."""
    call = {"type": "local_shell_call", "id": "sh_1", "call_id": None, "action": {"type": "exec", "command": ["ls"]}}
    request = read(input=[HI, call, {"type": "local_shell_call_output", "id": "sh_1", "output": "a"}])
    assert [message.parts[0] for message in request.messages[1:]] == [
        ToolCall(id="sh_1", name="local_shell", arguments='{"type": "exec", "command": ["ls"]}'),
        ToolResult(call_id="sh_1", content=[Text("a")]),
    ]


def test_a_computers_action_is_answered_with_a_picture() -> None:
    screen = {"type": "computer_screenshot", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    request = read(
        input=[
            HI,
            {"type": "computer_call", "id": "cu_1", "call_id": "c1", "action": {"type": "screenshot"}},
            {"type": "computer_call_output", "call_id": "c1", "output": screen},
        ]
    )
    assert request.messages[1].parts == [ToolCall(id="c1", name="computer", arguments='{"type": "screenshot"}')]
    result = request.messages[2].parts[0]
    assert isinstance(result, ToolResult)
    assert [type(part) for part in result.content] == [Image]


def test_codexs_own_notes_are_left_out() -> None:
    assert len(read(input=[{"type": "ghost_snapshot", "ghost_commit": {"id": "x"}}, HI]).messages) == 1


@pytest.mark.parametrize("name", FUNCTIONS_ONLY)
def test_custom_tools_are_functions_where_there_are_no_others(name: str) -> None:
    """Codex's `exec` and `apply_patch`, declared and called; a grammar is described, and named as dropped."""
    upstream, model = FUNCTIONS_ONLY[name]
    call = {"type": "custom_tool_call", "call_id": "c", "name": "exec", "input": 'say "hi"'}
    result = {"type": "custom_tool_call_output", "call_id": "c", "output": "hi"}
    request = read(input=[declared(EXEC, PATCH), HI, call, result], max_output_tokens=99)
    outgoing = upstream.write_request(request, model)
    body = outgoing.body.decode()
    assert body.count('"input":{"type":"string"}') == 2
    assert "The input must match this lark grammar" in body
    assert 'say \\"hi\\"' in body or 'say \\\\\\"hi' in body
    assert "tools.custom.format" in outgoing.dropped
    assert all(tool.is_custom for tool in request.tools), "for the encoder, which gives the calls back"


def test_a_custom_tools_call_comes_back_in_its_group() -> None:
    """Codex finds a tool by its name and its group (github.com/router-for-me/CLIProxyAPI/issues/4850)."""
    request = read(input=[declared({"type": "namespace", "name": "lab", "tools": [EXEC]}), HI])
    events: list[Event] = [
        StreamStart("1", "m"),
        BlockStart(0, "tool_call", id="c", name="lab__exec"),
        ToolArgsDelta(0, '{"input":"ls"}'),
        BlockEnd(0),
        Finish("tool_calls"),
        StreamEnd(),
    ]
    (item,) = json.loads(CLIENT.whole(request, events, IDENTITY))["output"]
    assert (item["type"], item["name"], item["namespace"], item["input"]) == ("custom_tool_call", "exec", "lab", "ls")


def test_an_upstream_of_the_same_dialect_gets_the_search_as_it_is() -> None:
    body = openai_responses.UPSTREAM.write_request(
        ChatRequest("m", read().messages, tools=[Tool(name="tool_search", description="d", is_tool_search=True)]), "m"
    ).body
    assert json.loads(body)["tools"][0]["type"] == "tool_search"
