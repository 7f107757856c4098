"""The simulated model as an OpenAI Chat Completions upstream.

Written from OpenAI's API reference (chat/create, chat/streaming) and recorded streams, not with
sealink.wire's dialects: SeaLink is proven against it. `reasoning_content` is DeepSeek's field.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Annotated, Any, Final, Literal

import msgspec

from sealink.errors import InvalidRequest, SealinkError
from sealink.request import ToolChoice
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens
from sealink.sim.wire import AnswerStream, Reply
from sealink.wire.sse import DONE, data_frame

MAX_CHOICES: Final = 128
MAX_STOPS: Final = 4

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
    """The request's fields that the answer depends on; all others are accepted and change nothing."""

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


class OpenAIWire:
    """Chat Completions: a SimWire."""

    path = "/v1/chat/completions"
    request_id_header = "x-request-id"
    side_questions: Mapping[str, Callable[[bytes], bytes]] = {}

    def read(self, body: bytes) -> Ask:
        return _ask(_decoded(body))

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        frame = _framer(ask, reply)
        return AnswerStream(
            opening=b"".join(frame(_delta(at, _first_delta(each))) for at, each in enumerate(answers)),
            ticks=_ticks(answers, reply, frame),
            closing=_closing(ask, answers, frame),
        )

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        completion = {
            **_head(ask, reply, "chat.completion"),
            "choices": [_choice(at, each, reply) for at, each in enumerate(answers)],
            "usage": _usage(ask, answers),
            **_TAIL,
        }
        return msgspec.json.encode(completion)

    def models(self, ids: Sequence[str]) -> bytes:
        return msgspec.json.encode({"object": "list", "data": [_model(id) for id in ids]})

    def model(self, id: str) -> bytes:
        return msgspec.json.encode(_model(id))

    def error(self, error: SealinkError, request_id: str) -> bytes:
        said = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        return msgspec.json.encode({"error": said})


# Requests


def _decoded(body: bytes) -> Body:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        missing = re.search(r"missing required field `(\w+)`", words)
        param = ".".join(filter(None, [place.rstrip("`").lstrip("."), missing[1] if missing else ""]))
        code = "missing_required_parameter" if missing else "invalid_value"
        said = f"Missing required parameter: '{param}'." if missing else f"Invalid value for '{param}': {words}."
        raise InvalidRequest(said, code=code, param=param or None) from None
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


# Answers

_TAIL: Final = {"service_tier": "default", "system_fingerprint": "fp_sealink_sim"}

_FINISH: Final = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tool_calls": "tool_calls"}


def _head(ask: Ask, reply: Reply, kind: str) -> Json:
    return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": reply.created, "model": ask.model}


def _framer(ask: Ask, reply: Reply) -> Callable[[Json], bytes]:
    """Makes the frame of a chunk from what is its own: `choices`, and `usage` if it has one."""
    shared: Json = {**_head(ask, reply, "chat.completion.chunk"), **_TAIL, "choices": []}
    if ask.include_usage:
        shared["usage"] = None
    return lambda own: data_frame(msgspec.json.encode({**shared, **own}))


def _delta(choice: int, delta: Json, finish_reason: str | None = None) -> Json:
    return {"choices": [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}


def _first_delta(answer: Answer) -> Json:
    has_text = any(block.kind == "text" for block in answer.blocks)
    return {"role": "assistant", "content": "" if has_text else None, "refusal": None}


def _ticks(answers: list[Answer], reply: Reply, frame: Callable[[Json], bytes]) -> Iterator[bytes]:
    """All choices' first tokens, all their second ones, and so on."""
    streams = [_choice_ticks(at, each, reply, frame) for at, each in enumerate(answers)]
    return (b"".join(tick) for tick in zip_longest(*streams, fillvalue=b""))


def _choice_ticks(choice: int, answer: Answer, reply: Reply, frame: Callable[[Json], bytes]) -> Iterator[bytes]:
    calls = 0
    for block in answer.blocks:
        start = b""
        if block.kind == "tool_call":
            start = frame(_delta(choice, {"tool_calls": [{"index": calls, **_call(block, choice, calls, reply, "")}]}))
            calls += 1
        for token in block.tokens:
            yield start + frame(_delta(choice, _token_delta(block, calls - 1, token)))
            start = b""


def _token_delta(block: Block, call: int, token: str) -> Json:
    match block.kind:
        case "text":
            return {"content": token}
        case "reasoning":
            return {"reasoning_content": token}
        case "tool_call":
            return {"tool_calls": [{"index": call, "function": {"arguments": token}}]}


def _call(block: Block, choice: int, call: int, reply: Reply, arguments: str) -> Json:
    digest = hashlib.sha256(f"{reply.id}/{choice}/{call}".encode()).hexdigest()
    return {"id": f"call_{digest[:24]}", "type": "function", "function": {"name": block.name, "arguments": arguments}}


def _closing(ask: Ask, answers: list[Answer], frame: Callable[[Json], bytes]) -> bytes:
    ends = (frame(_delta(at, {}, _FINISH[each.finish])) for at, each in enumerate(answers))
    usage = [frame({"choices": [], "usage": _usage(ask, answers)})] if ask.include_usage else []
    return b"".join(chain(ends, usage, [DONE]))


def _choice(at: int, answer: Answer, reply: Reply) -> Json:
    texts = [block.text for block in answer.blocks if block.kind == "text"]
    thinking = "".join(block.text for block in answer.blocks if block.kind == "reasoning")
    calls = [block for block in answer.blocks if block.kind == "tool_call"]
    message: Json = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thinking:
        message["reasoning_content"] = thinking
    if calls:
        message["tool_calls"] = [_call(block, at, number, reply, block.text) for number, block in enumerate(calls)]
    message |= {"refusal": None, "annotations": []}
    return {"index": at, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.finish]}


def _usage(ask: Ask, answers: list[Answer]) -> Json:
    completion = sum(answer.tokens for answer in answers)
    return {
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": ask.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(answer.reasoning_tokens for answer in answers),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _model(id: str) -> Json:
    return {"id": id, "object": "model", "created": 0, "owned_by": "sealink-simulated"}
