"""What a client asks for, whichever wire format it asks in.

Only a request that must be translated is parsed into these; to an upstream of the same dialect the original bytes
are sent. Fields are None where the client set none. JSON that SeaLink does not need to read (schemas, unknown
parameters) stays raw.
"""

from typing import Literal

import msgspec
from msgspec import Raw

Role = Literal["system", "user", "assistant", "tool"]

StructuredOutput = Literal["json", "call"]
"""An answer that is parsed when it is whole: JSON, or a function call where the answer has to be one."""


class Part(msgspec.Struct, kw_only=True):
    """A piece of a message. `cache_control` is Anthropic's prompt-caching mark, passed through as raw JSON."""

    cache_control: Raw | None = None


class Text(Part):
    text: str


class Image(Part):
    """An image, either by `url` or inline (`media_type` and base64 `data`)."""

    url: str = ""
    media_type: str = ""
    data: str = ""
    detail: str = ""


class File(Part):
    """A document: inline (`media_type` and base64 `data`), by `url`, or by a provider's `file_id`."""

    filename: str = ""
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""


class Audio(Part):
    format: str
    data: str


class Reasoning(Part):
    """The model's own earlier thinking. `signature` is as in events.BlockMeta: an upstream accepts only its own.

    One without a text is the signature of the part before it, in dialects that sign more than thinking.
    """

    text: str = ""
    signature: str = ""


class RedactedReasoning(Part):
    data: str


class Refusal(Part):
    text: str


class ToolCall(Part):
    """The model's earlier call of a tool. `arguments` is JSON text; free text where the tool `is_custom`."""

    id: str
    name: str
    arguments: str
    is_custom: bool = False


class ToolResult(Part):
    call_id: str
    content: list[Part] = []
    is_error: bool = False


class Message(msgspec.Struct):
    """One turn. A `tool` message holds ToolResult parts. `where` is its place for errors, `messages[3]`."""

    role: Role
    parts: list[Part]
    where: str = ""


class Tool(msgspec.Struct, kw_only=True):
    """A function the model may call; `parameters` is its JSON Schema.

    One that `is_custom` (OpenAI's custom tools) takes free text; `format` is what that text must look like:
    `{"type": "text"}`, or `{"type": "grammar", "syntax": "lark", "definition": "…"}` (or `"regex"`).
    A tool of a `namespace` (OpenAI's groups of tools) has a `name` that begins with that, for upstreams without groups.
    `is_tool_search`: it finds other tools, and the client runs it (OpenAI's `tool_search`); a function to upstreams.
    """

    name: str
    description: str | None = None
    parameters: Raw | None = None
    strict: bool | None = None
    cache_control: Raw | None = None
    is_custom: bool = False
    format: Raw | None = None
    namespace: str = ""
    is_tool_search: bool = False


BuiltinKind = Literal["web_search", "web_fetch", "code_execution", "file_search", "image_generation", "mcp", "other"]


class WebSearch(msgspec.Struct, kw_only=True):
    """The options of a web search that several dialects have. `location` is where the user is, by `city`, `region`,
    `country` (two letters) and `timezone`; `context_size` is OpenAI's "low", "medium" or "high"."""

    allowed_domains: list[str] = []
    blocked_domains: list[str] = []
    location: dict[str, str] = {}
    context_size: str | None = None
    max_uses: int | None = None


class BuiltinTool(msgspec.Struct, kw_only=True):
    """A tool that the upstream itself runs, as the client's `dialect` describes it (`raw`, JSON).

    `where` is its place for errors, `tools[3]`. An upstream that has no tool of this kind must refuse it by that name.
    `web_search` are the options of a tool of that kind, for an upstream of another dialect.
    """

    kind: BuiltinKind
    where: str
    raw: Raw
    dialect: str
    web_search: WebSearch = msgspec.field(default_factory=WebSearch)


class ToolChoice(msgspec.Struct):
    mode: Literal["auto", "none", "required", "named"]
    name: str = ""


class ResponseFormat(msgspec.Struct):
    """`json_schema` carries a `schema`; `json_object` asks for any JSON."""

    kind: Literal["text", "json_object", "json_schema"]
    name: str = ""
    schema: Raw | None = None
    strict: bool | None = None


class Sampling(msgspec.Struct):
    """Sampling parameters. Those that an upstream does not support are dropped and listed in `x-sealink-dropped`."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Raw | None = None


class ChatRequest(msgspec.Struct):
    """A whole request. `extras` are the fields that nothing here models, by the client's names for them.

    `thinking_budget`: how many tokens the model may think for, 0 not at all. `thinking_summary`: whether the client
    wants to read what was thought ("auto", "concise", "detailed"; "none" if not).
    """

    model: str
    messages: list[Message]
    stream: bool = False
    include_usage: bool = False
    tools: list[Tool] = []
    builtin_tools: list[BuiltinTool] = []
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    sampling: Sampling = msgspec.field(default_factory=Sampling)
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    thinking_budget: int | None = None
    thinking_summary: str | None = None
    choices: int = 1
    logprobs: bool = False
    top_logprobs: int | None = None
    modalities: list[str] | None = None
    user: str | None = None
    service_tier: str | None = None
    extras: dict[str, Raw] = {}
