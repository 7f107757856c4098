"""The conversation: SeaLink's messages → `systemInstruction` and `contents`.

https://ai.google.dev/api/caching#Content. The results of function calls are in contents of their own, since Gemini
compares their number with the calls before; other consecutive messages of one side become one content.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.gemini_generate.upstream.models import ModelRules
from sealink.wire.dialects.gemini_generate.upstream.signatures import Signature, read_signature
from sealink.wire.dialects.shared.tool_arguments import arguments_object
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import Fields, parse_object

WirePart = dict[str, Any]

UNSIGNED: Final = "skip_thought_signature_validator"
"""Stands for the signature of a call that Gemini did not make, or whose own is lost.
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs"""

_MEDIA_TYPES: Final = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"},
    **{"heic": "image/heic", "heif": "image/heif", "pdf": "application/pdf", "txt": "text/plain"},
    **{"mp3": "audio/mp3", "wav": "audio/wav", "flac": "audio/flac", "mp4": "video/mp4", "mov": "video/quicktime"},
}
"""By a file's extension: a cloud needs the media type of what is at an address."""

_RESULT_MEDIA: Final = ("image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain")
"""What a function's result may hold. https://ai.google.dev/gemini-api/docs/function-calling#multimodal"""


class Turn(msgspec.Struct, rename="camel"):
    """One content: a turn of one side, or the results of functions."""

    role: str
    parts: list[WirePart]

    @property
    def has_results(self) -> bool:
        return bool(self.parts) and "functionResponse" in self.parts[0]  # they come first


def write_system(messages: Sequence[Message]) -> dict[str, Any]:
    """All system messages, in their order, wherever they are in the conversation."""
    parts = [part for message in messages if message.role == "system" for part in _system_parts(message)]
    return {"systemInstruction": {"parts": parts}} if parts else {}


def write_contents(messages: Sequence[Message], rules: ModelRules) -> list[Turn]:
    """Raises InvalidRequest naming the place of a part that Gemini does not take."""
    names: dict[str, str] = {}
    turns: list[Turn] = []
    for message in messages:
        if message.role == "assistant":
            names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall)}
            _add(turns, "model", _Answer(message).parts())
        elif message.role != "system":
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            rest = [part for part in message.parts if not isinstance(part, ToolResult)]
            _add(turns, "user", [each for result in results for each in _result(result, names, rules, message.where)])
            _add(turns, "user", [_part(part, message.where) for part in rest if not _is_empty(part)])
    if rules.signs_calls:
        _sign_unsigned_calls(turns)
    return turns


def _add(turns: list[Turn], role: str, parts: list[WirePart]) -> None:
    turn = Turn(role, parts)
    if turns and turns[-1].role == role and turns[-1].has_results == turn.has_results:
        turns[-1].parts += parts
    elif parts:
        turns.append(turn)


def _system_parts(message: Message) -> Iterable[WirePart]:
    for part in message.parts:
        if not isinstance(part, Text):
            raise InvalidRequest("Gemini takes only text in system messages.", param=message.where)
        if part.text:
            yield {"text": part.text}


class _Answer:
    """An earlier answer, of this or another model. Each signature goes back on the part that it came with."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._of_calls: dict[str, str] = {}
        self._of_text: list[Signature] = []
        for part in message.parts:
            signature = read_signature(part.signature) if isinstance(part, Reasoning) else None
            if signature is not None and signature.owner == "call":
                self._of_calls[signature.call_id] = signature.value
            elif signature is not None and signature.owner in ("text", "end"):
                self._of_text.append(signature)

    def parts(self) -> list[WirePart]:
        written = [each for part in self._message.parts if not _is_empty(part) for each in self._part(part)]
        texts = [part for part in written if part.keys() == {"text"}]
        ends: list[WirePart] = []
        for signature in self._of_text:
            if signature.owner == "text" and texts:
                texts.pop()["thoughtSignature"] = signature.value
            elif signature.owner == "end":
                ends.append({"text": "", "thoughtSignature": signature.value})
        after_text = max((n for n, part in enumerate(written) if "text" in part), default=-1) + 1
        return written[:after_text] + ends + written[after_text:]

    def _part(self, part: Part) -> Iterable[WirePart]:
        match part:
            case RedactedReasoning():
                return  # another vendor's thinking
            case Reasoning(signature=signature):
                yield from self._thought(part, read_signature(signature))
            case ToolCall():
                written: WirePart = {"functionCall": _call(part, self._message.where)}
                if part.id in self._of_calls:
                    written["thoughtSignature"] = self._of_calls[part.id]
                yield written
            case _:
                yield _part(part, self._message.where)

    def _thought(self, thought: Reasoning, signature: Signature | None) -> Iterable[WirePart]:
        """Thinking is sent back if Gemini signed it; and parts of other kinds, such as its own tools' results."""
        if signature is None:
            return
        if signature.owner == "thought":
            yield {"text": thought.text, "thought": True, "thoughtSignature": signature.value}
        elif signature.owner == "part":
            yield _whole_part(signature.value, self._message.where)


def _whole_part(value: str, where: str) -> Fields:
    try:
        return parse_object(value.encode())
    except (ValueError, RecursionError) as error:
        message = f"A `gemini:part:` signature must hold a part as Gemini sent it, but is no JSON object: {error}."
        raise InvalidRequest(message, param=where) from error


def _is_empty(part: Part) -> bool:
    """Gemini refuses an empty text, and many clients send one beside tool calls."""
    return isinstance(part, (Text, Refusal)) and not part.text


def _part(part: Part, where: str) -> WirePart:
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"text": text}
        case Image() if part.url:
            return {"fileData": _file_data(part.url, part.media_type)}
        case Image():
            return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
        case Audio():
            return {"inlineData": {"mimeType": f"audio/{part.format}", "data": part.data}}
        case File():
            return _file(part, where)
    raise unsupported(where, "Gemini", f"{type(part).__name__.lower()} here")


def _file(file: File, where: str) -> WirePart:
    """A file in Google's Files API is named by its address."""
    address = file.url or file.file_id
    if not address:
        return {"inlineData": {"mimeType": file.media_type, "data": file.data}}
    if "://" not in address:
        raise unsupported(where, "Gemini", "another vendor's file id")
    return {"fileData": _file_data(address, file.media_type)}


def _file_data(address: str, media_type: str) -> WirePart:
    ending = address.partition("?")[0].rpartition(".")[2].lower()
    media_type = media_type or _MEDIA_TYPES.get(ending, "")
    return {"fileUri": address} | ({"mimeType": media_type} if media_type else {})


def _call(call: ToolCall, where: str) -> WirePart:
    return {"id": call.id, "name": call.name, "args": arguments_object(call, where)}


def _result(result: ToolResult, names: dict[str, str], rules: ModelRules, where: str) -> list[WirePart]:
    """A result, with the name of its function, which only the call has."""
    if result.call_id not in names:
        message = f"The tool result for {result.call_id!r} has no tool call before it with that id."
        raise InvalidRequest(message, code="invalid_value", param=where)
    response: WirePart = {"id": result.call_id, "name": names[result.call_id], "response": _response(result)}
    media = [_part(part, where) for part in result.content if not isinstance(part, (Text, Refusal))]
    inside: list[WirePart] = []
    beside: list[WirePart] = []
    for part in media:
        (inside if rules.multimodal_results and _fits_a_result(part) else beside).append(part)
    if inside:
        response["parts"] = inside
    return [{"functionResponse": response}, *beside]


def _fits_a_result(part: WirePart) -> bool:
    return any(data.get("mimeType") in _RESULT_MEDIA for data in part.values())


def _response(result: ToolResult) -> Raw | WirePart:
    """A JSON object as it is; anything else as the `output`, or the `error`, of the function."""
    text = "\n".join(part.text for part in result.content if isinstance(part, (Text, Refusal)))
    if result.is_error:
        return {"error": text}
    try:
        parse_object(text.encode())
    except (ValueError, RecursionError):
        return {"output": text}
    return Raw(text.encode())


def _sign_unsigned_calls(turns: Sequence[Turn]) -> None:
    """Gemini refuses a request in which the first call of a step in the current turn has no signature."""
    user_turns = [n for n, turn in enumerate(turns) if turn.role == "user" and not turn.has_results]
    for turn in turns[user_turns[-1] + 1 if user_turns else 0 :]:
        calls = [part for part in turn.parts if "functionCall" in part]
        if calls and not any("thoughtSignature" in call for call in calls):
            calls[0]["thoughtSignature"] = UNSIGNED
