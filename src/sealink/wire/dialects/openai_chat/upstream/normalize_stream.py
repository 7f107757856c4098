"""The chunks of an OpenAI-compatible upstream → chunks of OpenAI's own shape.

Most chunks are plain deltas, recognised by one decode into a view struct that nothing else fits, and stay as they came.
The others are parsed into fields and changed where a vendor departs from OpenAI's shape; if nothing had to be changed,
they stay as they came, too. Each change names the vendors at which it was recorded.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from sealink.errors import UpstreamError
from sealink.usage import Usage
from sealink.wire.dialect import ANONYMOUS, FallbackIdentity
from sealink.wire.dialects.openai_chat.client.heartbeat import KEEP_ALIVE
from sealink.wire.dialects.openai_chat.metadata import normalize_metadata
from sealink.wire.dialects.openai_chat.upstream.errors import error_in, read_error_event
from sealink.wire.dialects.openai_chat.upstream.frames import Chunk, as_it_came, is_utf8, json_frame, parse_frame
from sealink.wire.dialects.openai_chat.upstream.normalize_choice import Choice, ChoiceDelta
from sealink.wire.dialects.openai_chat.upstream.normalize_message import has_content, text_in
from sealink.wire.dialects.openai_chat.upstream.plain_answer import (
    PLAIN_CHUNK,
    ChoiceView,
    PlainChunk,
    has_more_than_role,
    with_reasoning_content,
    without_null_usage,
)
from sealink.wire.dialects.openai_chat.upstream.usage_collector import (
    CHUNK,
    UsageCollector,
    envelope_of,
    extra_fields_of,
)
from sealink.wire.dialects.shared.upstream_errors import check_choices, malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import DONE
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    encode,
    integer_of,
    is_null,
    object_of,
    parse_object,
    text_of,
    to_raw,
    without,
)
from sealink.wire.stream.outcome import empty_answer

_DONE: Final = Frame(DONE, b"[DONE]")
_KEEP_ALIVE: Final = Frame(KEEP_ALIVE, b"")


class _HeldChunk(msgspec.Struct):
    """A chunk with content and a finish reason at once, until it is known whether that was the end."""

    chunk: Chunk
    fields: Fields
    finished: set[int]


class StreamNormalizer:
    """Normalises one stream. Keeps no content but that of the last frame.

    `delta_text`: the last frame's text, if it was a plain delta with that alone: also more of a call's arguments.
    `plain`: the last frame, if it was a plain delta and `keeps_plain`. `finish_reasons`: by choice, as the upstream
    spelled them. `error` and `is_complete` are set at the end. `add_text` is given all text of the answer, and the
    choice that it belongs to; "" for content without text. `identity` stands in for what no chunk has.
    """

    def __init__(
        self,
        add_text: Callable[[str, int], None],
        *,
        usage_asked: bool,
        choices_asked: int,
        identity: FallbackIdentity = ANONYMOUS,
        keeps_plain: bool = False,
    ) -> None:
        self.delta_text = ""
        self.plain: PlainChunk | None = None
        self.finish_reasons: dict[int, str] = {}
        self.error: UpstreamError | None = None
        self.is_complete = False
        self._keeps_plain = keeps_plain
        self._add_text = add_text
        self.usage_collector = UsageCollector(asked=usage_asked)
        self._usage_asked = usage_asked
        self._choices_asked = choices_asked
        self._choices: dict[int, Choice] = {}
        self._content_started = False
        self._last_data = b"{}"
        self._held: _HeldChunk | None = None
        self._extra_fields: Fields = {}
        self._identity = identity

    def normalize(self, frame: Frame) -> list[Chunk]:
        """The chunks for the client: `frame` itself where nothing has to be changed. Sets `error` at an error."""
        self.delta_text, self.plain = "", None
        released = self._release_before(frame.data) if self._held is not None and frame.data else []
        try:
            chunks = self._normalize(frame)
        except UpstreamError as error:
            self.error = error
            return released
        return released + chunks if released else chunks

    def finish(self) -> list[Chunk]:
        """The last chunks of a stream without `[DONE]` (Cerebras, Perplexity, Groq, Writer): it is complete if each of
        its choices has finished."""
        self.delta_text = ""
        return self._end() if self._choices and self._all_finished() else []

    def cut(self, usage: Usage) -> list[Chunk]:
        """The last chunks of an answer that ends here, as if it had reached its length."""
        self.delta_text, self.is_complete = "", True
        released, last = self.release(), []
        for choice in self._choices.values():
            if not choice.finished:
                self.finish_reasons[choice.index] = "length"
                last.append(self._finishing_chunk(choice, {}, "length"))
        self.usage_collector.owe(self._envelope(), usage)
        return [*released, *last, *self._usage_chunk(None, {}), _DONE]

    def release(self) -> list[Chunk]:
        """The chunk that was held back, if there is one."""
        held, self._held = self._held, None
        return [held.chunk] if held is not None else []

    def _normalize(self, frame: Frame) -> list[Chunk]:
        data = frame.data
        if data == b"[DONE]":
            return self._end()
        try:
            view = PLAIN_CHUNK.decode(data)
        except (ValueError, RecursionError):
            return self._normalize_other(frame)
        if self._extra_fields or not (data.isascii() or is_utf8(data)):
            return self._normalize_fields(*parse_frame(frame))
        if view.usage and view.usage != NULL:
            return self._normalize_usage(frame, view)
        spliced = self._splice(data, view) if view.choices else b""
        if not spliced:
            return self._normalize_fields(*parse_frame(frame))
        self._last_data = data
        return [as_it_came(frame) if spliced is data else json_frame(spliced)]

    def _normalize_usage(self, frame: Frame, view: PlainChunk) -> list[Chunk]:
        """OpenAI's own chunk with the usage, as it came, if the client has asked for it."""
        tier = view.service_tier or None
        if view.choices or not self._only_usage_is_due() or not self.usage_collector.take_final(view.usage, tier):
            return self._normalize_fields(*parse_frame(frame))
        return [as_it_came(frame)] if self._usage_asked else []

    def _splice(self, data: bytes, view: PlainChunk) -> bytes:
        """A plain delta as it came, or with what can be changed without parsing it; b"" if that is not enough."""
        delta = view.choices[0].delta
        has_more = has_more_than_role(delta)
        if not self._is_next_delta(view.choices[0], has_more):
            return b""
        if not delta.reasoning_content and (delta.reasoning or delta.reasoning_details):
            data = with_reasoning_content(data, delta)
        if data and has_more:
            self._note_texts(view.choices[0])
            self.plain = view if self._keeps_plain else None
        return without_null_usage(data) if data and view.usage and not self._usage_asked else data

    def _is_next_delta(self, view: ChoiceView, has_more: bool) -> bool:
        """Whether a plain delta starts a choice as OpenAI does, continues one that has started, or finishes it."""
        choice, delta = self._choices.get(view.index), view.delta
        if choice is None:
            return not has_more and self._starts(view)
        if view.finish_reason and not choice.finished:
            return not has_more and self._finishes(choice, view)
        if choice.finished or not (delta.content or self._content_started):
            return False
        return not delta.tool_calls or all(map(choice.calls.continues, delta.tool_calls))

    def _starts(self, view: ChoiceView) -> bool:
        """Whether a choice's first delta is the role and nothing else. The choice has then started."""
        if view.delta.role != "assistant" or view.finish_reason:
            return False
        self._choice(view.index).started = True
        return True

    def _finishes(self, choice: Choice, view: ChoiceView) -> bool:
        """Whether a choice's last delta is the finish reason and nothing else. The choice has then finished."""
        if choice.calls.is_waiting:
            return False
        choice.finished = True
        self._add_content("", view.index)
        self.finish_reasons[view.index] = view.finish_reason or ""
        return True

    def _note_texts(self, view: ChoiceView) -> None:
        delta = view.delta
        texts = [delta.content, delta.reasoning_content or delta.reasoning, delta.refusal]
        texts += [call.function.arguments for call in delta.tool_calls or ()]
        found = [text for text in texts if text]
        for text in found:
            self._add_text(text, view.index)
            self._content_started = True
        if len(found) == 1 and len(delta.tool_calls or ()) < 2:
            self.delta_text = found[0]

    def _add_content(self, text: str, choice: int) -> None:
        self._content_started = True
        self._add_text(text, choice)

    def _normalize_other(self, frame: Frame) -> list[Chunk]:
        """A frame that is not a plain delta: the end, another chunk, a comment, or no event at all."""
        data = frame.data.strip()
        if data == b"[DONE]":
            return self._end()
        if data:
            return self._normalize_fields(*parse_frame(frame))
        raw = frame.raw.strip()
        if raw.startswith(b"{"):  # not an event stream: an error, or a whole answer
            return self._normalize(Frame(raw, raw))
        if raw.startswith(b"<"):
            raise malformed(f"{raw[:200].decode(errors='replace')!r} is not an event stream.")
        return [_KEEP_ALIVE] if raw.startswith(b":") or b"\n:" in raw else []

    def _normalize_fields(self, frame: Frame, fields: Fields) -> list[Chunk]:
        if (error := error_in(fields, frame.event)) is not None:
            raise read_error_event(error)
        if (mended := normalize_metadata(fields, self._identity, self._last_data)) is not fields:
            return self._normalize(json_frame(encode(mended)))
        choices, deltas = self._normalize_choices(fields)
        kept = [delta.fields for delta in deltas if delta.fields is not None]
        if not kept:
            return self._normalize_without_choices(frame, fields)
        self._last_data = frame.data
        normalized = self._with_extra_fields(self.usage_collector.taken_out_of({**fields, "object": CHUNK}))
        if kept != choices:
            normalized["choices"] = to_raw(kept)
        return self._hold_back(_changed(frame, fields, normalized), normalized, deltas)

    def _normalize_choices(self, fields: Fields) -> tuple[list[Fields | None], list[ChoiceDelta]]:
        """The chunk's choices as they came, and normalised."""
        choices = [object_of(raw) for raw in array_of(fields.get("choices")) or ()]
        answer_id = text_of(fields.get("id")) or ""
        deltas = []
        for position, entry in enumerate(choices):
            if entry is None:
                continue
            if not is_null(entry.get("error")):
                raise read_error_event(entry)
            index = integer_of(entry.get("index"))
            choice = self._choice(position if index is None else index)
            deltas.append(choice.normalize(entry, answer_id))
        for delta in deltas:
            self._note_delta(delta)
        return choices, deltas

    def _choice(self, index: int) -> Choice:
        if index not in self._choices:
            check_choices(len(self._choices))
            self._choices[index] = Choice(index)
        return self._choices[index]

    def _note_delta(self, delta: ChoiceDelta) -> None:
        if delta.finish_reason:
            self.finish_reasons[delta.index] = delta.finish_reason
        if delta.failed:
            message = f"The upstream ended the answer with finish_reason {delta.finish_reason!r}."
            self.error = UpstreamError(message, code="upstream_failed")
        elif delta.has_content or delta.finish_reason:
            self._add_content(text_in(object_of((delta.fields or {}).get("delta")) or {}), delta.index)

    def _hold_back(self, chunk: Chunk, fields: Fields, deltas: list[ChoiceDelta]) -> list[Chunk]:
        """Hold back a chunk with content and a finish reason until the next one: it may not be the last with content
        (Gemini behind OpenRouter, Together). OpenAI's own finish reason comes without content, and goes out at once."""
        finished = {delta.index for delta in deltas if delta.has_content and delta.finish_reason and not delta.failed}
        if not finished:
            return [chunk]
        self._held = _HeldChunk(chunk, fields, finished)
        return []

    def _release_before(self, data: bytes) -> list[Chunk]:
        """The chunk held back, now that the next one is here: without its finish reason if that was not the end."""
        held = self._held
        continued = held.finished & _choices_continued_by(data) if held is not None else set()
        if held is None or not continued:
            return self.release()
        self._held = None
        choices = []
        for entry in map(object_of, array_of(held.fields["choices"]) or ()):
            if entry is not None and integer_of(entry["index"]) in continued:
                entry["finish_reason"] = NULL
            choices.append(entry)
        for index in continued:
            self._choices[index].finished = False
        return [{**held.fields, "choices": to_raw(choices)}]

    def _normalize_without_choices(self, frame: Frame, fields: Fields) -> list[Chunk]:
        """A chunk without a delta: the usage, or what a vendor says besides the answer."""
        if self.usage_collector.found_in(fields):
            return self._usage_chunk(frame, fields) if self._only_usage_is_due() else []
        if "moderation" in fields and self._all_finished():  # OpenAI's own, behind the usage
            return [_changed(frame, fields, self.usage_collector.taken_out_of(fields))]
        self._extra_fields |= extra_fields_of(fields)
        return []

    def _usage_chunk(self, frame: Frame | None, fields: Fields) -> list[Chunk]:
        """The chunk with the usage that the client is still owed, as it came in `frame` if that needs no change."""
        owed = self.usage_collector.chunk()
        if owed is None:
            return []
        chunk = self._with_extra_fields(owed)
        return [chunk if frame is None else _changed(frame, fields, chunk)]

    def _with_extra_fields(self, chunk: Fields) -> Fields:
        """With the fields of earlier chunks that the client cannot be given, since they have no choices."""
        extra, self._extra_fields = self._extra_fields, {}
        return chunk | without(extra, *chunk)

    def _end(self) -> list[Chunk]:
        """What the client must still get: finish reasons that were left out (Snowflake), a call that waits for more,
        the usage, `[DONE]`."""
        if not self._choices:
            raise empty_answer()
        for choice in self._choices.values():
            choice.calls.require_names()
        last = [self._last_chunk(choice) for choice in self._choices.values() if choice.has_more]
        self.is_complete = True
        return [*self.release(), *last, *self._usage_chunk(None, {}), _DONE]

    def _last_chunk(self, choice: Choice) -> Fields:
        """A chunk with what is left of a choice."""
        delta = choice.last_delta(text_of(self._envelope().get("id")) or "")
        reason = None if choice.finished else "tool_calls" if choice.calls else "stop"
        if delta:
            self._add_content("", choice.index)
        return self._finishing_chunk(choice, delta, reason)

    def _finishing_chunk(self, choice: Choice, delta: Fields, reason: str | None) -> Fields:
        envelope = self._envelope()
        choice.finished = True
        entry = {"index": choice.index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**envelope, "choices": to_raw([entry]), **self.usage_collector.null()}

    def _envelope(self) -> Fields:
        return envelope_of(parse_object(self._last_data))

    def _only_usage_is_due(self) -> bool:
        """Whether nothing more is expected but the usage and the end."""
        return self._all_finished() and len(self._choices) >= self._choices_asked

    def _all_finished(self) -> bool:
        return all(choice.finished for choice in self._choices.values())


def _changed(frame: Frame, fields: Fields, normalized: Fields) -> Chunk:
    """The normalised fields, or the frame as it came if they are the same."""
    return as_it_came(frame) if normalized == fields else normalized


def _choices_continued_by(data: bytes) -> set[int]:
    """The choices for which a chunk has content, or another finish reason."""
    try:
        fields = parse_object(data)
    except (ValueError, RecursionError):
        return set()
    if error_in(fields, b"") is not None:
        return set()
    continued = set()
    for position, entry in enumerate(map(object_of, array_of(fields.get("choices")) or ())):
        if entry is not None and (
            text_of(entry.get("finish_reason")) or has_content(object_of(entry.get("delta")) or {})
        ):
            index = integer_of(entry.get("index"))
            continued.add(position if index is None else index)
    return continued
