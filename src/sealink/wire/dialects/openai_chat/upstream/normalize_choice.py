"""The choices of a chunk → the shape in which OpenAI sends them."""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialects.openai_chat.finish import standard_reason
from sealink.wire.dialects.openai_chat.upstream.normalize_calls import ToolCalls
from sealink.wire.dialects.openai_chat.upstream.normalize_message import ASSISTANT, has_content, normalize_content
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

_AFTER_FINISH: Final = ("content_filter_results", "content_filter_offsets")
"""What may still come for a choice that has finished: Azure's asynchronous filter sends it."""

_OTHER_LISTS: Final = ("content", "tool_calls")


class ChoiceDelta(msgspec.Struct):
    """One entry of a chunk's `choices`, normalised. `fields` is None if there is nothing in it for the client.

    `finish_reason` is the upstream's own, "" before the end; `failed`: it means that the answer has failed.
    """

    index: int
    fields: Fields | None
    has_content: bool = False
    finish_reason: str = ""
    failed: bool = False


class Choice:
    """A stream's choice. `started`: its first delta, with the role, has gone out. `finished`: its finish reason has."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.started = False
        self.finished = False
        self.calls = ToolCalls()
        self._listed: dict[str, int] = {}

    def normalize(self, entry: Fields, answer_id: str) -> ChoiceDelta:
        """An entry of a chunk's `choices`. Its fields are equal to `entry` where nothing has to be changed."""
        original, own_reason = object_of(entry.get("delta")), text_of(entry.get("finish_reason")) or ""
        delta = self._delta(original if original is not None else self._message(entry), answer_id)
        if own_reason:
            delta = self._with_waiting_call(delta, answer_id)
        content = has_content(delta)
        if self.finished and not content and all(is_null(entry.get(name)) for name in _AFTER_FINISH):
            return ChoiceDelta(self.index, None)
        fields = {**entry, "index": to_raw(self.index)}
        fields.pop("message", None)  # the whole answer so far, again (Perplexity, Writer)
        fields.pop("usage", None)  # the usage collector has it
        if delta != original:
            fields["delta"] = to_raw(delta)
        if not is_null(logprobs := entry.get("logprobs")) and object_of(logprobs) is None:
            fields["logprobs"] = NULL  # a bare number (Qwen behind OpenRouter)
        reason = standard_reason(own_reason) if own_reason else None
        if (finish := self._finish_reason(entry.get("finish_reason"), own_reason, reason)) is not None:
            fields["finish_reason"] = finish
        self.started = True
        self.finished |= reason is not None
        return ChoiceDelta(self.index, fields, content, own_reason, failed=bool(own_reason) and reason is None)

    def _finish_reason(self, raw: Raw | None, own_reason: str, reason: str | None) -> Raw | None:
        """The finish reason for the client: only once, and one of OpenAI's; None (no field) where there was none."""
        if raw is None or (own_reason and own_reason == reason and not self.finished):
            return raw
        return to_raw(reason) if reason and not self.finished else NULL

    def _message(self, entry: Fields) -> Fields:
        """The delta of an entry that has none: the whole message, if this is the choice's first entry."""
        return {} if self.started else object_of(entry.get("message")) or {}

    def _delta(self, delta: Fields, answer_id: str) -> Fields:
        delta = normalize_content(delta)
        if (calls := array_of(delta.get("tool_calls"))) is not None:
            delta = self._with_calls(delta, calls, answer_id)
        for name, raw in delta.items():
            if name not in _OTHER_LISTS and starts_with(raw, b"["):
                delta = {**delta, name: self._with_indices(name, raw)}
        if not self.started and text_of(delta.get("role")) != "assistant":
            delta = {"role": ASSISTANT, **without(delta, "role")}
        return delta

    def _with_calls(self, delta: Fields, calls: list[Raw], answer_id: str) -> Fields:
        before = [call for call in map(object_of, calls) if call is not None]
        after = [normalized for call in before for normalized in self.calls.normalize(call, answer_id)]
        if after == before and len(before) == len(calls):
            return delta
        return {**delta, "tool_calls": to_raw(after)} if after else without(delta, "tool_calls")

    def _with_waiting_call(self, delta: Fields, answer_id: str) -> Fields:
        """The last delta, with the call that nothing more has come for."""
        waiting = self.calls.release(answer_id)
        calls = array_of(delta.get("tool_calls")) or []
        return {**delta, "tool_calls": to_raw([*calls, *waiting])} if waiting else delta

    @property
    def has_more(self) -> bool:
        """Whether something is left for the client when the stream ends: the finish reason, or a call that waits."""
        return not self.finished or self.calls.is_waiting

    def last_delta(self, answer_id: str) -> Fields:
        """What is left for the client when the stream ends."""
        return self._with_waiting_call({}, answer_id)

    def _with_indices(self, name: str, raw: Raw) -> Raw:
        """A list of objects, each with the `index` by which the stock SDK merges lists (OpenRouter's annotations)."""
        items = [object_of(item) for item in array_of(raw) or ()]
        if all(item is None or integer_of(item.get("index")) is not None for item in items):
            return raw
        indexed = []
        for item in items:
            if item is not None:
                position = self._listed.get(name, 0)
                self._listed[name] = position + 1
                indexed.append({"index": to_raw(position), **without(item, "index")})
        return to_raw(indexed)
