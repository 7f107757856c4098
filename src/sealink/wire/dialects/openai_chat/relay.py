"""A stream from an OpenAI-compatible upstream to an OpenAI client: untouched where it can be, mended where it must.

Most frames are seen by one decode into a view struct that only a plain delta fits; they go out as they came.
The rest are taken apart into raw JSON fields, put right, and sent as they came if nothing had to be.
What is put right, and at which vendors it was recorded, stands at each mend (the stream rules are CONTRACT.md's).
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import SealinkError, UpstreamError
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.openai_chat.choices import Choice, Piece
from sealink.wire.dialects.openai_chat.errors import error_frame, read_error_event
from sealink.wire.dialects.openai_chat.frames import as_it_came, is_error, is_utf8, one_line, parsed
from sealink.wire.dialects.openai_chat.mend import has_content
from sealink.wire.dialects.openai_chat.plain_delta import (
    PLAIN_DELTA,
    ChoiceView,
    PlainDelta,
    with_reasoning_content,
    without_null_usage,
)
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.raw_json import (
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
from sealink.wire.sse import DONE, Frame, data_frame

CHUNK: Final = to_raw("chat.completion.chunk")

KEEP_ALIVE: Final = b":\n"
"""A comment without a blank line after it: openai-go before 3.43 takes an empty event for the end."""

_ENVELOPE: Final = frozenset({"id", "object", "created", "model", "service_tier", "system_fingerprint", "provider"})
_NOTHING_CAME: Final = Frame(b"", b"")
_NO_CHOICES: Final = Raw(b"[]")


class _Held(msgspec.Struct):
    """A chunk that brought content and a finish reason at once, until it is known whether that was the end."""

    out: bytes
    fields: Fields
    finished: set[int]


class ChatRelay:
    """A Relay between two ends that speak OpenAI's Chat Completions. Keeps no content but one frame."""

    def __init__(self, *, usage_asked: bool, choices_asked: int) -> None:
        self.outcome = Outcome()
        self._usage_asked = usage_asked
        self._choices_asked = choices_asked
        self._choices: dict[int, Choice] = {}
        self._last = b"{}"
        self._held: _Held | None = None
        self._carried: Fields = {}
        self._owed_usage: Fields | None = None
        self._usage_sent = False

    def relay(self, frame: Frame) -> bytes:
        """The frames for the client: `frame.raw` itself where there is nothing to mend."""
        before = self._let_go(frame.data) if self._held is not None and frame.data else b""
        try:
            return before + self._relay(frame)
        except UpstreamError as error:
            self.outcome.error = error
            return before

    def finish(self) -> bytes:
        """The end of the bytes without `[DONE]` (Cerebras, Perplexity, Groq, Writer): whole if every choice is."""
        return self._end() if self._choices and self._all_finished() else b""

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `[DONE]` after it."""
        return self._released() + error_frame(error)

    def _relay(self, frame: Frame) -> bytes:
        data = frame.data
        try:
            view = PLAIN_DELTA.decode(data)
        except (ValueError, RecursionError):
            return self._look_into(frame)
        spliced = b"" if self._carried else self._spliced(data, view)
        if not spliced:
            return self._mend(*parsed(frame))
        self._last = data
        return as_it_came(frame) if spliced is data else data_frame(one_line(spliced))

    def _spliced(self, data: bytes, view: PlainDelta) -> bytes:
        """A plain delta as it came, or with what a splice can mend; b"" if that is not enough."""
        delta = view.choices[0].delta
        if not self._is_next_delta(view.choices[0]) or not is_utf8(data):
            return b""
        if not delta.reasoning_content and (delta.reasoning or delta.reasoning_details):
            data = with_reasoning_content(data, delta)
        return without_null_usage(data) if data and view.usage is None and not self._usage_asked else data

    def _is_next_delta(self, view: ChoiceView) -> bool:
        """Whether a plain delta goes on with a choice that has begun."""
        choice, delta = self._choices.get(view.index), view.delta
        if choice is None or choice.finished:
            return False
        if delta.tool_calls and not all(map(choice.calls.continues, delta.tool_calls)):
            return False
        if delta.content or delta.reasoning_content or delta.tool_calls or delta.refusal or delta.reasoning:
            self.outcome.content_started = True
        return True

    def _look_into(self, frame: Frame) -> bytes:
        data = frame.data.strip()
        if data == b"[DONE]":
            return self._end()
        if data:
            return self._mend(*parsed(frame))
        raw = frame.raw.strip()
        if raw.startswith(b"{"):  # no event stream at all: an error, or an answer that came whole
            return self._relay(Frame(raw, raw))
        return KEEP_ALIVE if raw.startswith(b":") or b"\n:" in raw else b""

    def _mend(self, frame: Frame, fields: Fields) -> bytes:
        if is_error(fields, frame.event):
            raise read_error_event(fields)
        said, pieces = self._pieces(fields)
        told = [piece.fields for piece in pieces if piece.fields is not None]
        if not told:
            return self._without_choices(frame, fields)
        self._last = frame.data
        mended = self._with_usage_apart({**fields, "object": CHUNK}) | without(self._carried, *fields)
        self._carried = {}
        if told != said:
            mended["choices"] = to_raw(told)
        out = as_it_came(frame) if mended == fields else data_frame(encode(mended))
        return self._hold_back(out, mended, pieces)

    def _pieces(self, fields: Fields) -> tuple[list[Fields | None], list[Piece]]:
        """The chunk's choices as they came, and mended."""
        said = [object_of(raw) for raw in array_of(fields.get("choices")) or ()]
        answer_id = text_of(fields.get("id")) or ""
        pieces = []
        for position, entry in enumerate(said):
            if entry is None:
                continue
            if not is_null(entry.get("error")):
                raise read_error_event(entry)
            index = integer_of(entry.get("index"))
            choice = self._choice(position if index is None else index)
            pieces.append(choice.mend(entry, answer_id))
        self._observe(pieces)
        return said, pieces

    def _choice(self, index: int) -> Choice:
        if index not in self._choices:
            self._choices[index] = Choice(index)
        return self._choices[index]

    def _observe(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if piece.word:
                self.outcome.finish[piece.index] = piece.word
            if piece.failed:
                words = f"The upstream ended the answer with finish_reason {piece.word!r}."
                self.outcome.error = UpstreamError(words, code="upstream_failed")
            elif piece.has_content or piece.word:
                self.outcome.content_started = True

    def _hold_back(self, out: bytes, mended: Fields, pieces: list[Piece]) -> bytes:
        """Content and a finish reason in one chunk: more may follow (Gemini behind OpenRouter, Together).

        Such a chunk waits for the next one. OpenAI's own finish reason comes without content, and goes out at once.
        """
        finished = {piece.index for piece in pieces if piece.has_content and piece.word and not piece.failed}
        if not finished:
            return out
        self._held = _Held(out, mended, finished)
        return b""

    def _let_go(self, data: bytes) -> bytes:
        """The chunk held back, now that the next one is here: without its finish reason if that was not the end."""
        held = self._held
        again = held.finished & _spoken_of(data) if held is not None else set()
        if held is None or not again:
            return self._released()
        self._held = None
        choices = []
        for entry in map(object_of, array_of(held.fields["choices"]) or ()):
            if entry is not None and integer_of(entry["index"]) in again:
                entry["finish_reason"] = NULL
            choices.append(entry)
        for index in again:
            self._choices[index].finished = False
        return data_frame(encode({**held.fields, "choices": choices}))

    def _released(self) -> bytes:
        held, self._held = self._held, None
        return held.out if held is not None else b""

    def _with_usage_apart(self, fields: Fields) -> Fields:
        """A chunk with choices has no usage in it: null if the client asked for usage, else nothing."""
        if usage := _usage_in(fields):
            self._note(usage)
            self._owed_usage = {**_envelope(fields), "choices": _NO_CHOICES, "usage": to_raw(usage)}
        if not self._usage_asked:
            return _without_usage(fields)
        return {**fields, "usage": NULL} if "usage" in fields else fields

    def _without_choices(self, frame: Frame, fields: Fields) -> bytes:
        """A chunk that says nothing of any choice: the usage, or something beside the answer."""
        if usage := _usage_in(fields):
            self._note(usage)
            self._owed_usage = {**fields, "object": CHUNK, "choices": _NO_CHOICES, "usage": to_raw(usage)}
            is_last = self._all_finished() and len(self._choices) >= self._choices_asked
            return self._usage_chunk(frame, fields) if is_last else b""
        if "moderation" in fields and self._all_finished():  # OpenAI's own, after the usage
            kept = fields if self._usage_asked else _without_usage(fields)
            return as_it_came(frame) if kept == fields else data_frame(encode(kept))
        # Azure's prompt_filter_results come before the first choice: they travel with it.
        self._carried |= without(fields, *_ENVELOPE, "choices", "usage", "obfuscation")
        return b""

    def _usage_chunk(self, frame: Frame = _NOTHING_CAME, fields: Fields | None = None) -> bytes:
        """The owed usage, once, if the client asked for it; as it came in `frame` if it needs no mending."""
        owed, self._owed_usage = self._owed_usage, None
        if owed is None or not self._usage_asked or self._usage_sent:
            return b""
        self._usage_sent = True
        owed |= without(self._carried, *owed)
        self._carried = {}
        return as_it_came(frame) if owed == fields else data_frame(encode(owed))

    def _end(self) -> bytes:
        """What the client must still get: finish reasons that were left out (Snowflake), the usage, `[DONE]`."""
        if not self._choices:
            raise UpstreamError("The upstream ended the stream before any answer.", code="upstream_empty")
        self.outcome.complete = True
        unfinished = [choice for choice in self._choices.values() if not choice.finished]
        return self._released() + b"".join(map(self._finish_chunk, unfinished)) + self._usage_chunk() + DONE

    def _finish_chunk(self, choice: Choice) -> bytes:
        choice.finished = True
        reason = "tool_calls" if choice.calls else "stop"
        said = {"index": choice.index, "delta": {}, "logprobs": None, "finish_reason": reason}
        usage = {"usage": NULL} if self._usage_asked else {}
        return data_frame(encode({**_envelope(parse_object(self._last)), "choices": [said], **usage}))

    def _all_finished(self) -> bool:
        return all(choice.finished for choice in self._choices.values())

    def _note(self, usage: Fields) -> None:
        self.outcome.usage, self.outcome.provenance = read_usage(usage), "provider"


def _spoken_of(data: bytes) -> set[int]:
    """The choices that a chunk says something more of: content, or another finish reason."""
    try:
        fields = parse_object(data)
    except (ValueError, RecursionError):
        return set()
    if is_error(fields, b""):
        return set()
    spoken_of = set()
    for position, entry in enumerate(map(object_of, array_of(fields.get("choices")) or ())):
        if entry is not None and (
            text_of(entry.get("finish_reason")) or has_content(object_of(entry.get("delta")) or {})
        ):
            index = integer_of(entry.get("index"))
            spoken_of.add(position if index is None else index)
    return spoken_of


def _usage_in(fields: Fields) -> Fields | None:
    """A chunk's usage, at the top or in Groq's own corner. An empty one says nothing."""
    corner = object_of(fields.get("x_groq")) or {}
    return object_of(fields.get("usage")) or object_of(corner.get("usage")) or None


def _without_usage(fields: Fields) -> Fields:
    """A chunk for a client that did not ask for usage: no sign of it, in Groq's corner neither."""
    fields = without(fields, "usage")
    corner = object_of(fields.get("x_groq")) or {}
    if kept := without(corner, "usage", "usage_breakdown"):
        return fields if kept == corner else {**fields, "x_groq": to_raw(kept)}
    return without(fields, "x_groq")


def _envelope(fields: Fields) -> Fields:
    kept = {name: raw for name, raw in fields.items() if name in _ENVELOPE}
    return {**kept, "object": CHUNK}
