"""Requests in the format of OpenAI's Responses API."""

from typing import Annotated, Any, Final, Literal

import msgspec

from sealink.errors import InvalidRequest
from sealink.request import ToolChoice
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens
from sealink.sim.requests.openai import decoded

MIN_OUTPUT_TOKENS: Final = 16
"""The least `max_output_tokens`, as at OpenAI."""

Json = dict[str, Any]


class Item(msgspec.Struct):
    """An item without a `type` is a message. Of the other types, only the text of `function_call_output` is used."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Json] | None = None
    output: str | list[Json] | None = None


class ToolParam(msgspec.Struct):
    """A tool of the client is a `function`. Tools that the provider runs are never called here."""

    type: str
    name: str = ""
    parameters: Json | None = None


class NamedTool(msgspec.Struct):
    type: Literal["function"]
    name: str


class Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    schema: Json | None = None


class Text(msgspec.Struct):
    format: Format | None = None


class Reasoning(msgspec.Struct):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None


class Body(msgspec.Struct):
    """The fields that the answer depends on. All others are accepted and ignored."""

    model: str
    input: str | Annotated[list[Item], msgspec.Meta(min_length=1)]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=MIN_OUTPUT_TOKENS)] | None = None
    tools: list[ToolParam] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None


_decoder = msgspec.json.Decoder(Body)


def parse_request(body: bytes) -> Ask:
    """Raises InvalidRequest, which names the field at fault."""
    return _ask(decoded(_decoder, body))


def _ask(body: Body) -> Ask:
    conversation = read_conversation(_turns(body))
    tools = [Tool(each.name, each.parameters or {}) for each in body.tools or [] if each.type == "function"]
    return Ask(
        model=body.model,
        conversation=conversation.text,
        prompt=conversation.prompt,
        prompt_tokens=conversation.tokens + text_tokens(msgspec.json.encode(body.tools).decode() if body.tools else ""),
        tool_results=conversation.tool_results,
        tools=tools,
        tool_choice=_tool_choice(body.tool_choice, tools),
        parallel_tool_calls=body.parallel_tool_calls is not False,
        schema=_schema(body.text.format if body.text else None),
        max_tokens=body.max_output_tokens,
        reasoning_tokens=REASONING_TOKENS[(body.reasoning and body.reasoning.effort) or "none"],
        stream=bool(body.stream),
    )


def _turns(body: Body) -> list[Turn]:
    spoken = [Turn("system", body.instructions)] if body.instructions else []
    if isinstance(body.input, str):
        return [*spoken, Turn("user", body.input)]
    return spoken + [_turn(item, at) for at, item in enumerate(body.input)]


def _turn(item: Item, at: int) -> Turn:
    if item.type == "function_call_output":
        return Turn("tool", "", [_text_of(item.output)], _images_in(item.output))
    if item.type != "message":
        return Turn("assistant", "")
    if item.role is None:
        param = f"input[{at}].role"
        raise InvalidRequest(f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)
    role = "system" if item.role == "developer" else item.role
    return Turn(role, _text_of(item.content), images=_images_in(item.content))


def _text_of(content: str | list[Json] | None) -> str:
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text") or part.get("refusal") or "") for part in content or [])


def _images_in(content: str | list[Json] | None) -> int:
    return sum(part.get("type") == "input_image" for part in content or [] if isinstance(part, dict))


def _tool_choice(choice: str | NamedTool | None, tools: list[Tool]) -> ToolChoice:
    if choice is None or choice == "auto":
        return ToolChoice("auto")
    if choice == "none":
        return ToolChoice("none")
    if isinstance(choice, NamedTool):
        if all(tool.name != choice.name for tool in tools):
            raise InvalidRequest(f"Tool choice '{choice.name}' not found in 'tools' parameter.", param="tool_choice")
        return ToolChoice("named", choice.name)
    if not tools:
        raise InvalidRequest("Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
    return ToolChoice("required")


def _schema(asked: Format | None) -> Json | None:
    if asked is None or asked.type == "text":
        return None
    if asked.type == "json_object":
        return {}
    if asked.schema is None:
        raise InvalidRequest(
            "Missing required parameter: 'text.format.schema'.",
            code="missing_required_parameter",
            param="text.format.schema",
        )
    return asked.schema
