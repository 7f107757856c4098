"""Requests in the format of Gemini's generateContent."""

import re
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import msgspec

from sealink.errors import InvalidRequest
from sealink.request import ToolChoice
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens

SIGNATURE_BEGIN: Final = "c2VhbGluay1zaW06"
"""Base64 of `sealink-sim:`, the beginning of all signatures of the simulated model."""

UNSIGNED: Final = "skip_thought_signature_validator"
"""The value that Google accepts in place of a signature."""

Json = dict[str, Any]

_PATH: Final = re.compile(r"/v1\w*(?:/[^:]*)?/(?:models|endpoints|tunedModels)/([^/:]+):(stream)?[gG]enerateContent")
_SIGNS_CALLS: Final = re.compile(r"gemini-[3-9]")


class FunctionCall(msgspec.Struct):
    name: str
    args: Json = {}
    id: str | None = None


class FunctionResponse(msgspec.Struct):
    name: str
    response: Json
    id: str | None = None


class Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    inline_data: Json | None = None
    file_data: Json | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None


class Content(msgspec.Struct):
    parts: list[Part]
    role: Literal["user", "model"] = "user"


class Declaration(msgspec.Struct, rename="camel"):
    name: str
    parameters: Json | None = None
    parameters_json_schema: Json | None = None


class ToolParam(msgspec.Struct, rename="camel"):
    """A tool without functions is one of Google's own, and never called here."""

    function_declarations: list[Declaration] = []


class CallingConfig(msgspec.Struct, rename="camel"):
    mode: Literal["AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(msgspec.Struct, rename="camel"):
    function_calling_config: CallingConfig = msgspec.field(default_factory=CallingConfig)


class ThinkingConfig(msgspec.Struct, rename="camel"):
    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"] | None = None


class Generation(msgspec.Struct, rename="camel"):
    max_output_tokens: int | None = None
    stop_sequences: list[str] = []
    candidate_count: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    response_mime_type: str = "text/plain"
    response_schema: Json | None = None
    response_json_schema: Json | None = None
    thinking_config: ThinkingConfig | None = None


class Body(msgspec.Struct, rename="camel"):
    """The fields that the answer depends on. All others are accepted and ignored."""

    contents: Annotated[list[Content], msgspec.Meta(min_length=1)]
    system_instruction: Content | None = None
    tools: list[ToolParam] = []
    tool_config: ToolConfig = msgspec.field(default_factory=ToolConfig)
    generation_config: Generation = msgspec.field(default_factory=Generation)


_FREE: Final = ("args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema")
"""Fields whose content is the client's own: names inside them are not changed."""


def takes(path: str) -> bool:
    """Whether a path is that of generateContent or streamGenerateContent."""
    return _PATH.fullmatch(path) is not None


def parse_request(path: str, body: bytes) -> Ask:
    """Raises InvalidRequest, which names the field at fault."""
    found = _PATH.fullmatch(path)
    model, streams = (unquote(found[1]), bool(found[2])) if found else ("", False)
    try:
        read = msgspec.convert(_camel(msgspec.json.decode(body)), Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"Invalid JSON payload received. {error}") from None
    if _SIGNS_CALLS.search(model):
        _expect_signatures(read.contents)
    return _ask(model, read, stream=streams)


def _camel(value: Any) -> Any:
    """`value` with the names of fields in camel case. Google accepts `topK` and `top_k`."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub("_([a-z])", lambda found: found[1].upper(), name): each for name, each in value.items()}
    return {name: each if name in _FREE else _camel(each) for name, each in named.items()}


def _ask(model: str, body: Body, *, stream: bool) -> Ask:
    turns = [_turn(content) for content in body.contents]
    if body.system_instruction is not None:
        turns.insert(0, Turn("system", _text_of(body.system_instruction)))
    conversation, generation = read_conversation(turns), body.generation_config
    declared = [each for tool in body.tools for each in tool.function_declarations]
    thinking = generation.thinking_config or ThinkingConfig()
    return Ask(
        model=model,
        conversation=conversation.text,
        prompt=conversation.prompt,
        prompt_tokens=conversation.tokens + text_tokens(msgspec.json.encode(declared).decode() if declared else ""),
        tool_results=conversation.tool_results,
        tools=[Tool(each.name, _schema(each.parameters_json_schema or each.parameters or {})) for each in declared],
        tool_choice=_tool_choice(body.tool_config.function_calling_config, declared),
        schema=_answer_schema(generation),
        max_tokens=generation.max_output_tokens,
        stops=generation.stop_sequences,
        reasoning_tokens=_reasoning_tokens(thinking),
        reasoning_hidden=not thinking.include_thoughts,
        choices=generation.candidate_count,
        stream=stream,
    )


def _turn(content: Content) -> Turn:
    results = [_result(part.function_response) for part in content.parts if part.function_response is not None]
    images = sum(part.inline_data is not None or part.file_data is not None for part in content.parts)
    return Turn("assistant" if content.role == "model" else "user", _text_of(content), results, images)


def _text_of(content: Content) -> str:
    return " ".join(part.text for part in content.parts if part.text and not part.thought)


def _result(response: FunctionResponse) -> str:
    output = response.response.get("output", response.response)
    return output if isinstance(output, str) else msgspec.json.encode(output).decode()


def _tool_choice(config: CallingConfig, declared: list[Declaration]) -> ToolChoice:
    if config.mode == "NONE":
        return ToolChoice("none")
    if config.mode != "ANY":
        return ToolChoice("auto")
    names = [each.name for each in declared]
    for name in config.allowed_function_names:
        if name not in names:
            raise InvalidRequest(f"allowed_function_names contains {name!r}, which is not declared.")
    if not names:
        raise InvalidRequest("Function calling mode is ANY, and no functions are declared.")
    return ToolChoice("named", config.allowed_function_names[0]) if config.allowed_function_names else _REQUIRED


_REQUIRED: Final = ToolChoice("required")


def _answer_schema(generation: Generation) -> Json | None:
    if generation.response_mime_type != "application/json":
        return None
    schema: Json = _schema(generation.response_json_schema or generation.response_schema or {})
    return schema


def _schema(schema: Any) -> Any:
    """A JSON schema from one in Google's spelling, which has types in capitals."""
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else _schema(value)
        for name, value in schema.items()
    }


def _reasoning_tokens(thinking: ThinkingConfig) -> int:
    """The simulated model thinks only if the request says how much, or asks for the thoughts."""
    if thinking.thinking_level is not None:
        return REASONING_TOKENS[thinking.thinking_level.lower()]
    budget = thinking.thinking_budget
    if budget is None:
        return REASONING_TOKENS["low"] if thinking.include_thoughts else 0
    if budget < 0:
        return REASONING_TOKENS["medium"]
    effort = "none" if budget == 0 else "low" if budget <= 1024 else "medium" if budget <= 8192 else "high"
    return min(REASONING_TOKENS[effort], budget)


def _expect_signatures(contents: list[Content]) -> None:
    """In the current turn, the first function call of each step must have a signature of this model.

    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    asked = [n for n, each in enumerate(contents) if each.role == "user" and _text_of(each)]
    for content in contents[asked[-1] + 1 if asked else 0 :]:
        calls = [part for part in content.parts if part.function_call is not None]
        if calls and not _is_signed(calls[0].thought_signature):
            name = calls[0].function_call.name if calls[0].function_call else ""
            raise InvalidRequest(f"Function call `{name}` is missing a thought_signature in functionCall parts.")


def _is_signed(signature: str | None) -> bool:
    return signature is not None and (signature == UNSIGNED or signature.startswith(SIGNATURE_BEGIN))
