"""A stream from an OpenAI-compatible upstream to an OpenAI client: untouched where it can be, mended where it must.

Most frames are seen by one decode into a view struct that only a plain delta fits; they go out as they came.
The rest are taken apart into raw JSON fields, put right, and sent as they came if nothing had to be.
What is put right, and at which vendors it was recorded, stands at each mend.
"""

from typing import Final

import msgspec

from sealink.errors import SealinkError, UpstreamError
from sealink.wire.dialects.openai_chat.client.errors import error_frame
from sealink.wire.dialects.openai_chat.client.heartbeat import KEEP_ALIVE
from sealink.wire.dialects.openai_chat.upstream.choices import Choice, Piece
from sealink.wire.dialects.openai_chat.upstream.errors import error_in, read_error_event
from sealink.wire.dialects.openai_chat.upstream.frames import as_it_came, is_utf8, one_line, parsed
from sealink.wire.dialects.openai_chat.upstream.mend import has_content, words_of
from sealink.wire.dialects.openai_chat.upstream.plain_delta import (
    PLAIN_CHUNK,
    ChoiceView,
    PlainChunk,
    says_anything,
    with_reasoning_content,
    without_null_usage,
)
from sealink.wire.dialects.openai_chat.upstream.usage_collector import (
    CHUNK,
    UsageCollector,
    envelope_of,
    extra_fields_of,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import DONE, data_frame
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
from sealink.wire.stream.outcome import Outcome

_NOTHING_CAME: Final = Frame(b"", b"")


class _Held(msgspec.Struct):
    """A chunk that brought content and a finish reason at once, until it is known whether that was the end."""

    out: bytes
    fields: Fields
    finished: set[int]


class ChatPassthrough:
    """A StreamHandler between two ends that speak OpenAI's Chat Completions. Keeps no content but one frame."""

    padding_field = b'"obfuscation":"'

    def __init__(self, *, usage_asked: bool, choices_asked: int) -> None:
        self.outcome = Outcome()
        self.delta_text = ""
        self._usage = UsageCollector(self.outcome, asked=usage_asked)
        self._usage_asked = usage_asked
        self._choices_asked = choices_asked
        self._choices: dict[int, Choice] = {}
        self._last = b"{}"
        self._held: _Held | None = None
        self._luggage: Fields = {}

    def handle(self, frame: Frame) -> bytes:
        """The frames for the client: `frame.raw` itself where there is nothing to mend."""
        self.delta_text = ""
        before = self._let_go(frame.data) if self._held is not None and frame.data else b""
        try:
            return before + self._relay(frame)
        except UpstreamError as error:
            self.outcome.error = error
            return before

    def add_skipped_text(self, text: str) -> None:
        """Words leave no trace here."""

    def finish(self) -> bytes:
        """The end of the bytes without `[DONE]` (Cerebras, Perplexity, Groq, Writer): whole if every choice is."""
        return self._end() if self._choices and self._all_finished() else b""

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `[DONE]` after it."""
        return self._released() + error_frame(error)

    def _relay(self, frame: Frame) -> bytes:
        data = frame.data
        if data.strip() == b"[DONE]":
            return self._end()
        try:
            view = PLAIN_CHUNK.decode(data)
        except (ValueError, RecursionError):
            return self._look_into(frame)
        if self._luggage or not is_utf8(data):
            return self._mend(*parsed(frame))
        if isinstance(view.usage, dict):
            return self._relay_usage(frame, view, view.usage)
        spliced = self._spliced(data, view) if view.choices else b""
        if not spliced:
            return self._mend(*parsed(frame))
        self._last = data
        return as_it_came(frame) if spliced is data else data_frame(one_line(spliced))

    def _relay_usage(self, frame: Frame, view: PlainChunk, usage: Fields) -> bytes:
        """OpenAI's own chunk with the usage, as it came, if the client has asked for it."""
        if view.choices or not self._is_last() or not self._usage.is_told_with(usage):
            return self._mend(*parsed(frame))
        return as_it_came(frame) if self._usage_asked else b""

    def _spliced(self, data: bytes, view: PlainChunk) -> bytes:
        """A plain delta as it came, or with what a splice can mend; b"" if that is not enough."""
        delta = view.choices[0].delta
        if not self._is_next_delta(view.choices[0]):
            return b""
        if not delta.reasoning_content and (delta.reasoning or delta.reasoning_details):
            data = with_reasoning_content(data, delta)
        if data:
            self._hear(view.choices[0])
        return without_null_usage(data) if data and view.usage is None and not self._usage_asked else data

    def _is_next_delta(self, view: ChoiceView) -> bool:
        """Whether a plain delta opens a choice as OpenAI does, goes on with one that has begun, or ends it."""
        choice, delta = self._choices.get(view.index), view.delta
        if choice is None:
            return self._opens(view)
        if view.finish_reason and not choice.finished:
            return self._ends(choice, view)
        if choice.finished or not (delta.content or self.outcome.content_started):
            return False
        return not delta.tool_calls or all(map(choice.calls.continues, delta.tool_calls))

    def _opens(self, view: ChoiceView) -> bool:
        """Whether a choice's first delta is the role and nothing else. The choice has then begun."""
        if view.delta.role != "assistant" or says_anything(view.delta) or view.finish_reason:
            return False
        self._choice(view.index).started = True
        return True

    def _ends(self, choice: Choice, view: ChoiceView) -> bool:
        """Whether a choice's last delta is the finish reason and nothing else. The choice has then finished."""
        if says_anything(view.delta):
            return False
        choice.finished = self.outcome.content_started = True
        self.outcome.finish_reasons[view.index] = view.finish_reason or ""
        return True

    def _hear(self, view: ChoiceView) -> None:
        delta = view.delta
        said = [delta.content, delta.reasoning_content or delta.reasoning, delta.refusal]
        said += [call.function.arguments for call in delta.tool_calls or ()]
        heard = [words for words in said if words]
        for words in heard:
            self.outcome.add_text(words, view.index)
        if len(heard) == 1 and not delta.tool_calls:
            self.delta_text = heard[0]

    def _look_into(self, frame: Frame) -> bytes:
        if frame.data.strip():
            return self._mend(*parsed(frame))
        raw = frame.raw.strip()
        if raw.startswith(b"{"):  # no event stream at all: an error, or an answer that came whole
            return self._relay(Frame(raw, raw))
        if raw.startswith(b"<"):
            raise malformed(f"{raw[:200].decode(errors='replace')!r} is not an event stream.")
        return KEEP_ALIVE if raw.startswith(b":") or b"\n:" in raw else b""

    def _mend(self, frame: Frame, fields: Fields) -> bytes:
        if (error := error_in(fields, frame.event)) is not None:
            raise read_error_event(error)
        said, pieces = self._pieces(fields)
        told = [piece.fields for piece in pieces if piece.fields is not None]
        if not told:
            return self._without_choices(frame, fields)
        self._last = frame.data
        mended = self._with_luggage(self._usage.taken_out_of({**fields, "object": CHUNK}))
        if told != said:
            mended["choices"] = to_raw(told)
        return self._hold_back(_sent(frame, fields, mended), mended, pieces)

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
                self.outcome.finish_reasons[piece.index] = piece.word
            if piece.failed:
                words = f"The upstream ended the answer with finish_reason {piece.word!r}."
                self.outcome.error = UpstreamError(words, code="upstream_failed")
            elif piece.has_content or piece.word:
                self.outcome.add_text(words_of(object_of((piece.fields or {}).get("delta")) or {}), piece.index)

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

    def _without_choices(self, frame: Frame, fields: Fields) -> bytes:
        """A chunk that says nothing of any choice: the usage, or something beside the answer."""
        if self._usage.found_in(fields):
            return self._usage_chunk(frame, fields) if self._is_last() else b""
        if "moderation" in fields and self._all_finished():  # OpenAI's own, behind the usage
            return _sent(frame, fields, self._usage.taken_out_of(fields))
        self._luggage |= extra_fields_of(fields)
        return b""

    def _usage_chunk(self, frame: Frame, fields: Fields) -> bytes:
        """The usage that is owed, as it came in `frame` if it needs no mending."""
        owed = self._usage.chunk()
        return b"" if owed is None else _sent(frame, fields, self._with_luggage(owed))

    def _with_luggage(self, chunk: Fields) -> Fields:
        """With what came before the first choice, in a chunk that the client cannot be given."""
        luggage, self._luggage = self._luggage, {}
        return chunk | without(luggage, *chunk)

    def _end(self) -> bytes:
        """What the client must still get: finish reasons that were left out (Snowflake), the usage, `[DONE]`."""
        if not self._choices:
            raise UpstreamError("The upstream ended the stream before any answer.", code="upstream_empty")
        self.outcome.complete = True
        unfinished = [choice for choice in self._choices.values() if not choice.finished]
        out = self._released() + b"".join(map(self._finish_chunk, unfinished))
        return out + self._usage_chunk(_NOTHING_CAME, {}) + DONE

    def _finish_chunk(self, choice: Choice) -> bytes:
        choice.finished = True
        reason = "tool_calls" if choice.calls else "stop"
        said = {"index": choice.index, "delta": {}, "logprobs": None, "finish_reason": reason}
        return data_frame(encode({**envelope_of(parse_object(self._last)), "choices": [said], **self._usage.null()}))

    def _is_last(self) -> bool:
        """Whether nothing more is due but the usage and the end."""
        return self._all_finished() and len(self._choices) >= self._choices_asked

    def _all_finished(self) -> bool:
        return all(choice.finished for choice in self._choices.values())


def _sent(frame: Frame, fields: Fields, mended: Fields) -> bytes:
    """A frame as it came if there was nothing to mend in it."""
    return as_it_came(frame) if mended == fields else data_frame(encode(mended))


def _spoken_of(data: bytes) -> set[int]:
    """The choices that a chunk says something more of: content, or another finish reason."""
    try:
        fields = parse_object(data)
    except (ValueError, RecursionError):
        return set()
    if error_in(fields, b"") is not None:
        return set()
    spoken_of = set()
    for position, entry in enumerate(map(object_of, array_of(fields.get("choices")) or ())):
        if entry is not None and (
            text_of(entry.get("finish_reason")) or has_content(object_of(entry.get("delta")) or {})
        ):
            index = integer_of(entry.get("index"))
            spoken_of.add(position if index is None else index)
    return spoken_of
