"""A delta's or a message's content → the fields and types that OpenAI has for it."""

from typing import Final

from msgspec import Raw

from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    is_null,
    object_of,
    starts_with,
    text_of,
    to_raw,
    without,
)

ASSISTANT: Final = to_raw("assistant")

_REASONING: Final = ("reasoning", "reasoning_text", "thinking")
"""Other names of `reasoning_content`: OpenRouter, Groq, Ollama and vLLM; GitHub Copilot; Ollama's own API."""

_CONTENT_FIELDS: Final = (
    *("content", "reasoning_content", *_REASONING, "reasoning_details", "refusal", "tool_calls", "function_call"),
    *("annotations", "audio", "images", "executed_tools"),
)
_KINDS: Final = {
    **dict.fromkeys(("content", "reasoning_content", "refusal"), b'"'),
    "tool_calls": b"[",
    "function_call": b"{",
}
_NOTHING: Final = (NULL, Raw(b'""'), Raw(b"[]"), Raw(b"{}"))


def normalize_content(message: Fields) -> Fields:
    """Content as text, reasoning (also) in `reasoning_content`, no empty `function_call`, no field of a wrong type.

    The result is equal to what was given where nothing has to be changed.
    """
    if (parts := array_of(message.get("content"))) is not None:
        message = _with_joined_parts(message, parts)
    if not text_of(message.get("reasoning_content")) and (reasoning := _reasoning_of(message)):
        message = {**message, "reasoning_content": reasoning}
    wrong = [name for name, kind in _KINDS.items() if name in message and not _is(message[name], kind)]
    if (call := object_of(message.get("function_call"))) is not None and _is_empty_call(call):
        wrong.append("function_call")
    return without(message, *wrong) if wrong else message


def has_content(message: Fields) -> bool:
    """Whether a delta has content of any kind: text, reasoning, a refusal, a tool call, …"""
    return any(message.get(name, NULL) not in _NOTHING for name in _CONTENT_FIELDS)


def text_in(message: Fields) -> str:
    """All text of a normalised delta or message, for counting tokens: also reasoning, refusal and arguments."""
    calls = [object_of(call) or {} for call in array_of(message.get("tool_calls")) or ()]
    arguments = [text_of((object_of(call.get("function")) or {}).get("arguments")) for call in calls]
    texts = [text_of(message.get(name)) for name in ("content", "reasoning_content", "refusal")]
    return "".join(filter(None, [*texts, *arguments]))


def _with_joined_parts(message: Fields, parts: list[Raw]) -> Fields:
    """Mistral's content while a model thinks: `[{"type": "thinking", "thinking": [{"type": "text", …}]}, …]`."""
    text, reasoning = _texts(parts)
    joined = {**message, "content": to_raw(text)} if text or not reasoning else without(message, "content")
    return {**joined, "reasoning_content": to_raw(reasoning)} if reasoning else joined


def _texts(parts: list[Raw]) -> tuple[str, str]:
    """The text of an array of parts, and their thinking."""
    text, thinking = [], []
    for part in map(object_of, parts):
        if part is None:
            continue
        text.append(text_of(part.get("text")) or "")
        inner = part.get("thinking") or part.get("summary")  # Databricks: `{"type": "reasoning", "summary": […]}`
        thinking.append(text_of(inner) or "".join(_texts(array_of(inner) or [])))
    return "".join(text), "".join(thinking)


def _reasoning_of(message: Fields) -> Raw | None:
    for name in _REASONING:
        raw = message.get(name)
        if raw is not None and text_of(raw):
            return raw
    text = "".join(map(_detail_text, array_of(message.get("reasoning_details")) or ()))
    return to_raw(text) if text else None


def _detail_text(raw: Raw) -> str:
    """The text of OpenRouter's `reasoning.text` and `reasoning.summary`; `reasoning.encrypted` has none."""
    detail = object_of(raw) or {}
    return text_of(detail.get("text")) or text_of(detail.get("summary")) or ""


def _is_empty_call(call: Fields) -> bool:
    """Whether a call has no value, or a name or arguments that are not text."""
    values = [raw for raw in call.values() if not is_null(raw) and raw != Raw(b'""')]
    return not values or any(not _is(call.get(name, NULL), b'"') for name in ("name", "arguments"))


def _is(raw: Raw, kind: bytes) -> bool:
    return starts_with(raw, kind) or is_null(raw)
