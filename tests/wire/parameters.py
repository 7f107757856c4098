"""Every parameter of each client dialect's API, once: the request without it, and what is added.

From the vendors' references: https://platform.openai.com/docs/api-reference/chat/create,
https://platform.claude.com/docs/en/api/messages/create, https://platform.openai.com/docs/api-reference/responses/create.
"""

from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
PNG = "iVBORw0KGgo="
PDF = "JVBERi0xLjQK"
WAV = "UklGRg=="
EPHEMERAL = {"type": "ephemeral"}


@dataclass(frozen=True)
class Parameter:
    """`added` to a request that has `before` already."""

    name: str
    added: Fields
    before: Fields = field(default_factory=dict)


def says(*content: Any) -> list[Fields]:
    return [{"role": "user", "content": [{"type": "text", "text": "Hi"}, *content]}]


_FUNCTION = {"name": "f", "description": "It does.", "parameters": SCHEMA}
_TOOLS = {"tools": [{"type": "function", "function": _FUNCTION}]}
_TWICE = {"tools": [*_TOOLS["tools"], {"type": "function", "function": {**_FUNCTION, "name": "g"}}]}
_CALLED = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":"b"}'}}
_TURNS = [{"role": "assistant", "content": "Ha", "tool_calls": [_CALLED]}, {"role": "tool", "tool_call_id": "call_1"}]


def _chat_turns(**said: Any) -> list[Fields]:
    return [*says(), {**_TURNS[0], **said}, {**_TURNS[1], "content": "22"}]


def _chat_tool(**kind: Any) -> Fields:
    return {"tools": [kind]}


CHAT = [
    Parameter("messages: system", {"messages": [{"role": "system", "content": "Be brief."}, *says()]}),
    Parameter("messages: developer", {"messages": [{"role": "developer", "content": "Be brief."}, *says()]}),
    Parameter("messages: name", {"messages": [{**says()[0], "name": "ann"}]}, {"messages": says()}),
    Parameter(
        "messages: image by address", {"messages": says({"type": "image_url", "image_url": {"url": "https://a/b.png"}})}
    ),
    Parameter(
        "messages: image inline",
        {"messages": says({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}})},
    ),
    Parameter(
        "messages: image detail",
        {
            "messages": says(
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
            )
        },
        {"messages": says({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}})},
    ),
    Parameter(
        "messages: file inline",
        {
            "messages": says(
                {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
            )
        },
    ),
    Parameter("messages: file by id", {"messages": says({"type": "file", "file": {"file_id": "file-1"}})}),
    Parameter(
        "messages: audio", {"messages": says({"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}})}
    ),
    Parameter("messages: tool calls and results", {"messages": _chat_turns()}, _TOOLS),
    Parameter(
        "messages: refusal", {"messages": [*says(), {"role": "assistant", "content": None, "refusal": "No."}, *says()]}
    ),
    Parameter(
        "messages: cache_control",
        {"messages": says({"type": "text", "text": "x", "cache_control": EPHEMERAL})},
        {"messages": says({"type": "text", "text": "x"})},
    ),
    Parameter("audio", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}),
    Parameter("frequency_penalty", {"frequency_penalty": 0.5}),
    Parameter("function_call", {"function_call": {"name": "f"}}, {"functions": [_FUNCTION]}),
    Parameter("functions", {"functions": [_FUNCTION]}),
    Parameter("logit_bias", {"logit_bias": {"50256": -100}}),
    Parameter("logprobs", {"logprobs": True}),
    Parameter("max_completion_tokens", {"max_completion_tokens": 77}),
    Parameter("max_tokens", {"max_tokens": 77}),
    Parameter("metadata", {"metadata": {"topic": "sea"}}),
    Parameter("modalities", {"modalities": ["text", "image"]}),
    Parameter("n", {"n": 2}),
    Parameter("parallel_tool_calls", {"parallel_tool_calls": False}, _TOOLS),
    Parameter("prediction", {"prediction": {"type": "content", "content": "Hi"}}),
    Parameter("presence_penalty", {"presence_penalty": 0.5}),
    Parameter("prompt_cache_key", {"prompt_cache_key": "k"}),
    Parameter("prompt_cache_retention", {"prompt_cache_retention": "24h"}),
    Parameter("reasoning_effort", {"reasoning_effort": "low"}),
    Parameter("response_format: json_object", {"response_format": {"type": "json_object"}}),
    Parameter(
        "response_format: json_schema",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}},
    ),
    Parameter("safety_identifier", {"safety_identifier": "u1"}),
    Parameter("seed", {"seed": 7}),
    Parameter("service_tier: default", {"service_tier": "default"}),
    Parameter("service_tier: flex", {"service_tier": "flex"}),
    Parameter("service_tier: priority", {"service_tier": "priority"}),
    Parameter("stop", {"stop": ["END"]}),
    Parameter("store", {"store": True}),
    Parameter("stream", {"stream": True}),
    Parameter("temperature", {"temperature": 0.3}),
    Parameter("thinking", {"thinking": {"type": "enabled", "budget_tokens": 2048}}, {"max_tokens": 8000}),
    Parameter("tool_choice: auto", {"tool_choice": "auto"}, _TOOLS),
    Parameter("tool_choice: none", {"tool_choice": "none"}, _TOOLS),
    Parameter("tool_choice: required", {"tool_choice": "required"}, _TOOLS),
    Parameter("tool_choice: a function", {"tool_choice": {"type": "function", "function": {"name": "f"}}}, _TWICE),
    Parameter(
        "tool_choice: allowed tools",
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            }
        },
        _TWICE,
    ),
    Parameter("tools: function", _TOOLS),
    Parameter("tools: custom", _chat_tool(type="custom", custom={"name": "c", "description": "Free text."})),
    Parameter("tools: strict", _chat_tool(type="function", function={**_FUNCTION, "strict": True}), _TOOLS),
    Parameter("top_k", {"top_k": 40}),
    Parameter("top_logprobs", {"logprobs": True, "top_logprobs": 2}),
    Parameter("top_p", {"top_p": 0.9}),
    Parameter("user", {"user": "u1"}),
    Parameter("verbosity", {"verbosity": "low"}),
    Parameter("web_search_options", {"web_search_options": {}}),
]

_USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": "b"}}
_RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "22"}
_CLAUDE_TOOLS = {"tools": [{"name": "f", "description": "It does.", "input_schema": SCHEMA}]}
_CLAUDE_TWICE = {"tools": [*_CLAUDE_TOOLS["tools"], {**_CLAUDE_TOOLS["tools"][0], "name": "g"}]}


def _turns(*used: Fields, result: Fields = _RESULT) -> list[Fields]:
    return [*says(), {"role": "assistant", "content": list(used)}, {"role": "user", "content": [result]}]


def _source(kind: str, **source: Any) -> list[Fields]:
    return says({"type": kind, "source": source})


MESSAGES = [
    Parameter("system", {"system": "Be brief."}),
    Parameter("system: blocks", {"system": [{"type": "text", "text": "Be brief."}]}),
    Parameter(
        "messages: image inline", {"messages": _source("image", type="base64", media_type="image/png", data=PNG)}
    ),
    Parameter("messages: image by address", {"messages": _source("image", type="url", url="https://a/b.png")}),
    Parameter("messages: image by id", {"messages": _source("image", type="file", file_id="file_1")}),
    Parameter(
        "messages: document inline",
        {"messages": _source("document", type="base64", media_type="application/pdf", data=PDF)},
    ),
    Parameter("messages: document by address", {"messages": _source("document", type="url", url="https://a/b.pdf")}),
    Parameter(
        "messages: document as text",
        {"messages": _source("document", type="text", media_type="text/plain", data="Sea")},
    ),
    Parameter(
        "messages: document citations",
        {
            "messages": says(
                {
                    "type": "document",
                    "citations": {"enabled": True},
                    "source": {"type": "text", "media_type": "text/plain", "data": "Sea"},
                }
            )
        },
        {"messages": _source("document", type="text", media_type="text/plain", data="Sea")},
    ),
    Parameter(
        "messages: search result",
        {
            "messages": says(
                {
                    "type": "search_result",
                    "source": "https://a",
                    "title": "A",
                    "content": [{"type": "text", "text": "Sea"}],
                }
            )
        },
    ),
    Parameter("messages: tool use and result", {"messages": _turns(_USE)}, _CLAUDE_TOOLS),
    Parameter(
        "messages: tool error",
        {"messages": _turns(_USE, result={**_RESULT, "is_error": True})},
        {**_CLAUDE_TOOLS, "messages": _turns(_USE)},
    ),
    Parameter(
        "messages: thinking",
        {"messages": _turns({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, _USE)},
        {**_CLAUDE_TOOLS, "messages": _turns(_USE)},
    ),
    Parameter(
        "messages: cache_control",
        {"messages": says({"type": "text", "text": "x", "cache_control": EPHEMERAL})},
        {"messages": says({"type": "text", "text": "x"})},
    ),
    Parameter("cache_control", {"cache_control": EPHEMERAL}),
    Parameter("container", {"container": "container_1"}),
    Parameter("context_management", {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}),
    Parameter("inference_geo", {"inference_geo": "eu"}),
    Parameter("max_tokens", {"max_tokens": 77}),
    Parameter("mcp_servers", {"mcp_servers": [{"type": "url", "url": "https://a", "name": "a"}]}),
    Parameter("metadata", {"metadata": {"user_id": "u1"}}),
    Parameter("output_config: effort", {"output_config": {"effort": "low"}}),
    Parameter("output_config: format", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
    Parameter("service_tier", {"service_tier": "standard_only"}),
    Parameter("speed", {"speed": "fast"}),
    Parameter("stop_sequences", {"stop_sequences": ["END"]}),
    Parameter("stream", {"stream": True}),
    Parameter("temperature", {"temperature": 0.3}),
    Parameter("thinking: enabled", {"thinking": {"type": "enabled", "budget_tokens": 2048}}, {"max_tokens": 8000}),
    Parameter("thinking: adaptive", {"thinking": {"type": "adaptive"}}, {"max_tokens": 8000}),
    Parameter("thinking: disabled", {"thinking": {"type": "disabled"}}),
    Parameter("tool_choice: auto", {"tool_choice": {"type": "auto"}}, _CLAUDE_TOOLS),
    Parameter("tool_choice: any", {"tool_choice": {"type": "any"}}, _CLAUDE_TOOLS),
    Parameter("tool_choice: none", {"tool_choice": {"type": "none"}}, _CLAUDE_TOOLS),
    Parameter("tool_choice: a tool", {"tool_choice": {"type": "tool", "name": "f"}}, _CLAUDE_TWICE),
    Parameter(
        "tool_choice: disable_parallel_tool_use",
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {**_CLAUDE_TOOLS, "tool_choice": {"type": "auto"}},
    ),
    Parameter("tools: function", _CLAUDE_TOOLS),
    Parameter(
        "tools: cache_control", {"tools": [{**_CLAUDE_TOOLS["tools"][0], "cache_control": EPHEMERAL}]}, _CLAUDE_TOOLS
    ),
    Parameter("tools: strict", {"tools": [{**_CLAUDE_TOOLS["tools"][0], "strict": True}]}, _CLAUDE_TOOLS),
    Parameter("tools: web_search", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    Parameter("tools: web_fetch", {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}),
    Parameter("tools: code_execution", {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
    Parameter("tools: bash", {"tools": [{"type": "bash_20250124", "name": "bash"}]}),
    Parameter(
        "tools: text_editor", {"tools": [{"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}]}
    ),
    Parameter("top_k", {"top_k": 40}),
    Parameter("top_p", {"top_p": 0.9}),
]

_ITEM_TOOLS = {"tools": [{"type": "function", "strict": False, **_FUNCTION}]}
_ITEM_TWICE = {"tools": [*_ITEM_TOOLS["tools"], {**_ITEM_TOOLS["tools"][0], "name": "g"}]}
_ITEM_CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a":"b"}'}
_ITEM_RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "22"}


def asks(*parts: Any) -> list[Fields]:
    return [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}, *parts]}]


def _item_tool(kind: str, **tool: Any) -> Parameter:
    return Parameter(f"tools: {kind}", {"tools": [{"type": kind, **tool}]})


RESPONSES = [
    Parameter("input: image by address", {"input": asks({"type": "input_image", "image_url": "https://a/b.png"})}),
    Parameter(
        "input: image inline", {"input": asks({"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"})}
    ),
    Parameter("input: image by id", {"input": asks({"type": "input_image", "file_id": "file-1"})}),
    Parameter(
        "input: file inline",
        {"input": asks({"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"})},
    ),
    Parameter("input: file by address", {"input": asks({"type": "input_file", "file_url": "https://a/b.pdf"})}),
    Parameter("input: file by id", {"input": asks({"type": "input_file", "file_id": "file-1"})}),
    Parameter("input: tool calls and results", {"input": [*asks(), _ITEM_CALL, _ITEM_RESULT]}, _ITEM_TOOLS),
    Parameter("input: developer", {"input": [{"role": "developer", "content": "Be brief."}, *asks()]}),
    Parameter("input: item reference", {"input": [*asks(), {"type": "item_reference", "id": "msg_1"}]}),
    Parameter("background", {"background": True}),
    Parameter("conversation", {"conversation": "conv_1"}),
    Parameter("include: reasoning", {"include": ["reasoning.encrypted_content"]}),
    Parameter("include: logprobs", {"include": ["message.output_text.logprobs"], "top_logprobs": 0}),
    Parameter("include: sources", {"include": ["web_search_call.action.sources"]}),
    Parameter("instructions", {"instructions": "Be brief."}),
    Parameter("max_output_tokens", {"max_output_tokens": 77}),
    Parameter("max_tool_calls", {"max_tool_calls": 3}),
    Parameter("metadata", {"metadata": {"topic": "sea"}}),
    Parameter("parallel_tool_calls", {"parallel_tool_calls": False}, _ITEM_TOOLS),
    Parameter("previous_response_id", {"previous_response_id": "resp_1"}),
    Parameter("prompt", {"prompt": {"id": "pmpt_1"}}),
    Parameter("prompt_cache_key", {"prompt_cache_key": "k"}),
    Parameter("prompt_cache_retention", {"prompt_cache_retention": "24h"}),
    Parameter("reasoning: effort", {"reasoning": {"effort": "low"}}),
    Parameter("reasoning: summary", {"reasoning": {"summary": "auto"}}),
    Parameter("safety_identifier", {"safety_identifier": "u1"}),
    Parameter("service_tier: default", {"service_tier": "default"}),
    Parameter("service_tier: flex", {"service_tier": "flex"}),
    Parameter("service_tier: priority", {"service_tier": "priority"}),
    Parameter("store", {"store": True}),
    Parameter("stream", {"stream": True}),
    Parameter("temperature", {"temperature": 0.3}),
    Parameter("text: json_object", {"text": {"format": {"type": "json_object"}}}),
    Parameter(
        "text: json_schema",
        {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True}}},
    ),
    Parameter("text: verbosity", {"text": {"verbosity": "low"}}),
    Parameter("tool_choice: auto", {"tool_choice": "auto"}, _ITEM_TOOLS),
    Parameter("tool_choice: none", {"tool_choice": "none"}, _ITEM_TOOLS),
    Parameter("tool_choice: required", {"tool_choice": "required"}, _ITEM_TOOLS),
    Parameter("tool_choice: a function", {"tool_choice": {"type": "function", "name": "f"}}, _ITEM_TWICE),
    Parameter(
        "tool_choice: allowed tools",
        {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}},
        _ITEM_TWICE,
    ),
    Parameter("tools: function", _ITEM_TOOLS),
    Parameter("tools: strict", {"tools": [{**_ITEM_TOOLS["tools"][0], "strict": True}]}, _ITEM_TOOLS),
    _item_tool("custom", name="c", description="Free text."),
    _item_tool("web_search"),
    _item_tool("file_search", vector_store_ids=["vs_1"]),
    _item_tool("code_interpreter", container={"type": "auto"}),
    _item_tool("image_generation"),
    _item_tool("mcp", server_label="a", server_url="https://a", require_approval="never"),
    _item_tool("local_shell"),
    _item_tool("computer_use_preview", display_width=800, display_height=600, environment="browser"),
    Parameter("top_logprobs", {"top_logprobs": 2}),
    Parameter("top_p", {"top_p": 0.9}),
    Parameter("truncation", {"truncation": "auto"}),
    Parameter("user", {"user": "u1"}),
]

PARAMETERS = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}
