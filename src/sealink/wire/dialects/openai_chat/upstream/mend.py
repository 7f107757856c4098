"""What vendors put into a delta or a message in shapes of their own, put where OpenAI has it.

Every function answers fields that are equal to what it was given where there is nothing to mend.
"""

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

_SAID: Final = (
    *("content", "reasoning_content", *_REASONING, "reasoning_details", "refusal", "tool_calls", "function_call"),
    *("annotations", "audio", "images", "executed_tools"),
)
_KINDS: Final = {
    **dict.fromkeys(("content", "reasoning_content", "refusal"), b'"'),
    "tool_calls": b"[",
    "function_call": b"{",
}
_NOTHING: Final = (NULL, Raw(b'""'), Raw(b"[]"), Raw(b"{}"))


def mend_content(said: Fields) -> Fields:
    """Content as text, reasoning (also) in `reasoning_content`, no empty `function_call`, nothing of a wrong type."""
    if (parts := array_of(said.get("content"))) is not None:
        said = _with_parts_apart(said, parts)
    if not text_of(said.get("reasoning_content")) and (reasoning := _reasoning_of(said)):
        said = {**said, "reasoning_content": reasoning}
    odd = [name for name, kind in _KINDS.items() if name in said and not _is(said[name], kind)]
    if (call := object_of(said.get("function_call"))) is not None and _is_no_call(call):
        odd.append("function_call")
    return without(said, *odd) if odd else said


def has_content(said: Fields) -> bool:
    """Whether the model says something in it: text, reasoning, a refusal, a tool call, …"""
    return any(said.get(name, NULL) not in _NOTHING for name in _SAID)


def words_of(mended: Fields) -> str:
    """The words of a delta or a message, to be counted: text, reasoning, a refusal, the arguments of calls."""
    calls = [object_of(call) or {} for call in array_of(mended.get("tool_calls")) or ()]
    arguments = [text_of((object_of(call.get("function")) or {}).get("arguments")) for call in calls]
    said = [text_of(mended.get(name)) for name in ("content", "reasoning_content", "refusal")]
    return "".join(filter(None, [*said, *arguments]))


def _with_parts_apart(said: Fields, parts: list[Raw]) -> Fields:
    """Mistral's content while a model thinks: `[{"type": "thinking", "thinking": [{"type": "text", …}]}, …]`."""
    text, reasoning = _texts(parts)
    apart = {**said, "content": to_raw(text)} if text or not reasoning else without(said, "content")
    return {**apart, "reasoning_content": to_raw(reasoning)} if reasoning else apart


def _texts(parts: list[Raw]) -> tuple[str, str]:
    """The text of an array of parts, and the thinking."""
    text, thinking = [], []
    for part in map(object_of, parts):
        if part is None:
            continue
        text.append(text_of(part.get("text")) or "")
        inner = part.get("thinking") or part.get("summary")  # Databricks: `{"type": "reasoning", "summary": […]}`
        thinking.append(text_of(inner) or "".join(_texts(array_of(inner) or [])))
    return "".join(text), "".join(thinking)


def _reasoning_of(said: Fields) -> Raw | None:
    for name in _REASONING:
        raw = said.get(name)
        if raw is not None and text_of(raw):
            return raw
    text = "".join(map(_detail_text, array_of(said.get("reasoning_details")) or ()))
    return to_raw(text) if text else None


def _detail_text(raw: Raw) -> str:
    """OpenRouter's `reasoning.text` and `reasoning.summary`; `reasoning.encrypted` says nothing."""
    detail = object_of(raw) or {}
    return text_of(detail.get("text")) or text_of(detail.get("summary")) or ""


def _is_no_call(call: Fields) -> bool:
    """One that says nothing, or nothing that OpenAI's clients could read."""
    said = [raw for raw in call.values() if not is_null(raw) and raw != Raw(b'""')]
    return not said or any(not _is(call.get(name, NULL), b'"') for name in ("name", "arguments"))


def _is(raw: Raw, kind: bytes) -> bool:
    return starts_with(raw, kind) or is_null(raw)
