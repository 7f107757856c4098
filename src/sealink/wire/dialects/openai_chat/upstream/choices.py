"""One choice of a streamed answer: what the client has been told of it, and its next piece in OpenAI's shape."""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialects.openai_chat.finish import standard
from sealink.wire.dialects.openai_chat.upstream.mend import ASSISTANT, has_content, mend_content
from sealink.wire.dialects.openai_chat.upstream.tool_calls import ToolCalls
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    integer_of,
    is_null,
    object_of,
    starts_with,
    text_of,
    to_raw,
    without,
)

_LATE_NEWS: Final = ("content_filter_results", "content_filter_offsets")
"""Azure's asynchronous filter may speak of a choice that has ended."""

_LISTS_OF_THEIR_OWN: Final = ("content", "tool_calls")


class Piece(msgspec.Struct):
    """What one chunk says of one choice, mended. `fields` is None when there is nothing in it for the client.

    `word` is the upstream's word for the end, "" before it; `failed`: that word tells of a failure.
    """

    index: int
    fields: Fields | None
    has_content: bool = False
    word: str = ""
    failed: bool = False


class Choice:
    """`started`: its first delta, with the role, has gone out. `finished`: its finish reason has."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.started = False
        self.finished = False
        self.calls = ToolCalls()
        self._listed: dict[str, int] = {}

    def mend(self, said: Fields, answer_id: str) -> Piece:
        """An entry of a chunk's `choices`, equal to `said` where it is as OpenAI has it."""
        original = object_of(said.get("delta"))
        delta = self._delta(original if original is not None else self._message(said), answer_id)
        content, word = has_content(delta), text_of(said.get("finish_reason")) or ""
        if self.finished and not content and all(is_null(said.get(name)) for name in _LATE_NEWS):
            return Piece(self.index, None)
        mended = {**said, "index": to_raw(self.index)}
        mended.pop("message", None)  # all that was said so far, again (Perplexity, Writer)
        if delta != original:
            mended["delta"] = to_raw(delta)
        if not is_null(logprobs := said.get("logprobs")) and object_of(logprobs) is None:
            mended["logprobs"] = NULL  # a bare number (Qwen behind OpenRouter)
        reason = standard(word) if word else None
        if (finish := self._finish(said.get("finish_reason"), word, reason)) is not None:
            mended["finish_reason"] = finish
        self.started = True
        self.finished |= reason is not None
        return Piece(self.index, mended, content, word, failed=bool(word) and reason is None)

    def _finish(self, raw: Raw | None, word: str, reason: str | None) -> Raw | None:
        """The finish reason as the client gets it: once, and of OpenAI's words; no key where there was none."""
        if raw is None or (word and word == reason and not self.finished):
            return raw
        return to_raw(reason) if reason and not self.finished else NULL

    def _message(self, said: Fields) -> Fields:
        """A choice without a delta: an answer that came whole, or nothing."""
        return {} if self.started else object_of(said.get("message")) or {}

    def _delta(self, delta: Fields, answer_id: str) -> Fields:
        delta = mend_content(delta)
        if (calls := array_of(delta.get("tool_calls"))) is not None:
            delta = self._with_calls(delta, calls, answer_id)
        for name, raw in delta.items():
            if name not in _LISTS_OF_THEIR_OWN and starts_with(raw, b"["):
                delta = {**delta, name: self._with_indices(name, raw)}
        if not self.started and text_of(delta.get("role")) != "assistant":
            delta = {"role": ASSISTANT, **without(delta, "role")}
        return delta

    def _with_calls(self, delta: Fields, calls: list[Raw], answer_id: str) -> Fields:
        said = [call for call in map(object_of, calls) if call is not None]
        mended = [call for call in (self.calls.mend(call, answer_id) for call in said) if call is not None]
        if mended == said and len(said) == len(calls):
            return delta
        return {**delta, "tool_calls": to_raw(mended)} if mended else without(delta, "tool_calls")

    def _with_indices(self, name: str, raw: Raw) -> Raw:
        """A list of objects, each with the `index` by which the stock SDK merges lists (OpenRouter's annotations)."""
        items = [object_of(item) for item in array_of(raw) or ()]
        if all(item is None or integer_of(item.get("index")) is not None for item in items):
            return raw
        mended = []
        for item in items:
            if item is not None:
                position = self._listed.get(name, 0)
                self._listed[name] = position + 1
                mended.append({"index": to_raw(position), **without(item, "index")})
        return to_raw(mended)
