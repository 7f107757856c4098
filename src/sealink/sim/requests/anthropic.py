"""Requests in the format of Anthropic's Messages API."""

import re
from typing import Annotated, Any, Final, Literal

import msgspec

from sealink.errors import InvalidRequest
from sealink.request import ToolChoice
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens

MIN_THINKING_BUDGET: Final = 1024

Json = dict[str, Any]


class Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[Json]


class ToolParam(msgspec.Struct):
    """A tool of the client has an `input_schema`. Server tools have none, and are never called here."""

    name: str
    input_schema: Json | None = None


class ToolChoiceParam(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str = ""
    disable_parallel_tool_use: bool = False


class Thinking(msgspec.Struct):
    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(msgspec.Struct):
    type: Literal["json_schema"]
    schema: Json


class OutputConfig(msgspec.Struct):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Body(msgspec.Struct):
    """The fields that the answer depends on. All others are accepted and ignored."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    system: str | list[Json] | None = None
    stream: bool = False
    stop_sequences: list[str] | None = None
    tools: list[ToolParam] | None = None
    tool_choice: ToolChoiceParam | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None


class CountBody(Body):
    """The body of /v1/messages/count_tokens, where `max_tokens` is not required."""

    max_tokens: int = MIN_THINKING_BUDGET * 1000


_decoder = msgspec.json.Decoder(Body)
_count_decoder = msgspec.json.Decoder(CountBody)


def parse_request(body: bytes) -> Ask:
    """Raises InvalidRequest, which names the field at fault."""
    return _ask(_decoded(_decoder, body))


def parse_count_request(body: bytes) -> Ask:
    """Parse a request to /v1/messages/count_tokens. Raises InvalidRequest."""
    return _ask(_decoded(_count_decoder, body))


def _decoded(decoder: msgspec.json.Decoder[Body] | msgspec.json.Decoder[CountBody], body: bytes) -> Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        missing = re.search(r"missing required field `(\w+)`", words)
        dotted = re.sub(r"\[(\d+)\]", r".\1", place.rstrip("`").lstrip("."))
        param = ".".join(filter(None, [dotted, missing[1] if missing else ""]))
        message = "Field required" if missing else words
        raise InvalidRequest(f"{param}: {message}" if param else message, param=param or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None


def _ask(body: Body) -> Ask:
    turns = [_turn(message) for message in body.messages]
    if body.system:
        turns.insert(0, Turn("system", _text_of(body.system)))
    conversation = read_conversation(turns)
    choice = _tool_choice(body)
    return Ask(
        model=body.model,
        conversation=conversation.text,
        prompt=conversation.prompt,
        prompt_tokens=conversation.tokens + text_tokens(msgspec.json.encode(body.tools).decode() if body.tools else ""),
        tool_results=conversation.tool_results,
        tools=[Tool(each.name, each.input_schema) for each in body.tools or [] if each.input_schema is not None],
        tool_choice=choice,
        parallel_tool_calls=not (body.tool_choice and body.tool_choice.disable_parallel_tool_use),
        schema=_schema(body),
        max_tokens=body.max_tokens,
        stops=body.stop_sequences or [],
        reasoning_tokens=_reasoning_tokens(body, choice),
        reasoning_hidden=body.thinking is not None and body.thinking.display == "omitted",
        stream=body.stream,
    )


def _turn(message: Message) -> Turn:
    blocks = message.content if isinstance(message.content, list) else []
    results = [_text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]
    images = sum(block.get("type") in ("image", "document") for block in blocks)
    return Turn(message.role, _text_of(message.content), results, images)


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return " ".join(str(block["text"]) for block in blocks if isinstance(block, dict) and "text" in block)


def _tool_choice(body: Body) -> ToolChoice:
    choice = body.tool_choice
    if choice is None or choice.type == "auto" or choice.type == "none":
        return ToolChoice("none" if choice and choice.type == "none" else "auto")
    if not body.tools:
        raise InvalidRequest("tool_choice: tool_choice may only be specified while providing tools.")
    if choice.type == "any":
        return ToolChoice("required")
    if all(tool.name != choice.name for tool in body.tools):
        raise InvalidRequest(f"tool_choice.tool.name: Tool '{choice.name}' not found in provided tools")
    return ToolChoice("named", choice.name)


def _reasoning_tokens(body: Body, choice: ToolChoice) -> int:
    thinking = body.thinking
    if thinking is None or thinking.type in ("disabled", "between_tools"):
        return 0
    if choice.mode in ("required", "named"):
        raise InvalidRequest("Thinking may not be enabled when tool_choice forces tool use.")
    effort = (body.output_config and body.output_config.effort) or "high"
    if thinking.type == "adaptive":
        return REASONING_TOKENS[effort]
    return min(REASONING_TOKENS[effort], _budget(thinking, body.max_tokens))


def _budget(thinking: Thinking, max_tokens: int) -> int:
    budget = thinking.budget_tokens
    if budget is None:
        raise InvalidRequest("thinking.enabled.budget_tokens: Field required")
    if budget < MIN_THINKING_BUDGET:
        raise InvalidRequest(
            f"thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_THINKING_BUDGET}"
        )
    if budget >= max_tokens:
        raise InvalidRequest("`max_tokens` must be greater than `thinking.budget_tokens`.")
    return budget


def _schema(body: Body) -> Json | None:
    asked = (body.output_config and body.output_config.format) or body.output_format
    return asked.schema if asked else None
