"""Requests in the format of OpenAI's Chat Completions."""

import re
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from sealink.errors import InvalidRequest
from sealink.request import ToolChoice
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens

MAX_CHOICES: Final = 128
"""The greatest `n`, as at OpenAI."""

MAX_STOPS: Final = 4
"""The most stop sequences, as at OpenAI."""

Json = dict[str, Any]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Json] | None = None


class Function(msgspec.Struct):
    name: str
    parameters: Json | None = None


class ToolParam(msgspec.Struct):
    type: Literal["function"]
    function: Function


class FunctionName(msgspec.Struct):
    name: str


class NamedTool(msgspec.Struct):
    type: Literal["function"]
    function: FunctionName


class JsonSchema(msgspec.Struct):
    name: str
    schema: Json | None = None


class ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Body(msgspec.Struct):
    """The fields that the answer depends on. All others are accepted and ignored."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: PositiveInt | None = None
    max_completion_tokens: PositiveInt | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=MAX_STOPS)] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=MAX_CHOICES)] | None = None
    seed: int | None = None
    tools: list[ToolParam] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None


_decoder = msgspec.json.Decoder(Body)

_Body = TypeVar("_Body")


def parse_request(body: bytes) -> Ask:
    """Raises InvalidRequest, which names the field at fault."""
    return _ask(decoded(_decoder, body))


def decoded(decoder: msgspec.json.Decoder[_Body], body: bytes) -> _Body:
    """Raises InvalidRequest with OpenAI's message, which names the field at fault."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        missing = re.search(r"missing required field `(\w+)`", words)
        param = ".".join(filter(None, [place.rstrip("`").lstrip("."), missing[1] if missing else ""]))
        code = "missing_required_parameter" if missing else "invalid_value"
        message = f"Missing required parameter: '{param}'." if missing else f"Invalid value for '{param}': {words}."
        raise InvalidRequest(message, code=code, param=param or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"We could not parse the JSON body of your request. ({error})") from None


def _ask(body: Body) -> Ask:
    turns = [_turn(message) for message in body.messages]
    conversation = read_conversation(turns)
    seed = "" if body.seed is None else f"\nseed: {body.seed}"
    return Ask(
        model=body.model,
        conversation=conversation.text + seed,
        prompt=conversation.prompt,
        prompt_tokens=conversation.tokens + text_tokens(_tools_text(body)),
        tool_results=conversation.tool_results,
        tools=[Tool(each.function.name, each.function.parameters or {}) for each in body.tools or []],
        tool_choice=_tool_choice(body),
        parallel_tool_calls=body.parallel_tool_calls is not False,
        schema=_schema(body.response_format),
        max_tokens=_max_tokens(body),
        stops=[body.stop] if isinstance(body.stop, str) else body.stop or [],
        reasoning_tokens=REASONING_TOKENS[body.reasoning_effort or "none"],
        choices=body.n or 1,
        stream=bool(body.stream),
        include_usage=_includes_usage(body),
    )


def _max_tokens(body: Body) -> int | None:
    if body.max_tokens and body.max_completion_tokens:
        raise InvalidRequest(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", param="max_tokens"
        )
    return body.max_completion_tokens or body.max_tokens


def _includes_usage(body: Body) -> bool:
    if body.stream_options is None:
        return False
    if not body.stream:
        raise InvalidRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    return bool(body.stream_options.include_usage)


def _turn(message: Message) -> Turn:
    parts = message.content if isinstance(message.content, list) else [{"type": "text", "text": message.content or ""}]
    text = " ".join(str(part.get("text") or part.get("refusal") or "") for part in parts)
    images = sum(part.get("type") == "image_url" for part in parts)
    match message.role:
        case "tool" | "function":
            return Turn("tool", "", [text], images)
        case "system" | "developer":
            return Turn("system", text, images=images)
        case "user" | "assistant":
            return Turn(message.role, text, images=images)


def _tools_text(body: Body) -> str:
    return msgspec.json.encode(body.tools).decode() if body.tools else ""


def _tool_choice(body: Body) -> ToolChoice:
    choice = body.tool_choice
    if choice is None or choice == "auto" or choice == "none":
        return ToolChoice(choice or "auto")
    if not body.tools:
        raise InvalidRequest(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
            param="tool_choice",
        )
    if choice == "required":
        return ToolChoice("required")
    name = choice.function.name
    if all(tool.function.name != name for tool in body.tools):
        raise InvalidRequest(f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
    return ToolChoice("named", name)


def _schema(asked: ResponseFormat | None) -> Json | None:
    if asked is None or asked.type == "text":
        return None
    if asked.type == "json_object":
        return {}
    if asked.json_schema is None:
        raise InvalidRequest(
            "Missing required parameter: 'response_format.json_schema'.",
            code="missing_required_parameter",
            param="response_format.json_schema",
        )
    return asked.json_schema.schema or {}
