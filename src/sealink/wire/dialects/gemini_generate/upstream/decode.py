"""Gemini's answers → events: a stream's chunks, or a whole answer. https://ai.google.dev/api/generate-content

Each chunk has the shape of a whole answer: some more parts of each candidate, and a newer count of the usage. There is
no end marker: an answer is complete if every candidate has a `finishReason` when the stream ends. Some models have sent
`STOP` with every chunk (recording gemini/genai-js-streaming-unknown-enum-bb925c): the last one counts.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Raw

from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.wire.dialects.gemini_generate.finish import FAILURES, failed_answer, read_finish
from sealink.wire.dialects.gemini_generate.upstream.errors import read_error_in_answer
from sealink.wire.dialects.gemini_generate.upstream.signatures import Owner, write_signature
from sealink.wire.dialects.gemini_generate.upstream.streamed_arguments import StreamedCall
from sealink.wire.dialects.gemini_generate.upstream.text_metadata import (
    Characters,
    grounding_citations,
    quoted_sources,
    read_logprobs,
)
from sealink.wire.dialects.gemini_generate.usage import read_usage, search_count
from sealink.wire.dialects.gemini_generate.views import (
    PART,
    RESPONSE,
    RESPONSES,
    Candidate,
    FunctionCall,
    Part,
    PromptFeedback,
    Response,
)
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import check_choices, malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import NULL, UNREADABLE, is_null, made_strict, name_of
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.template import Varying

_T = TypeVar("_T")


class _Choice(msgspec.Struct):
    """A candidate so far. `is_signed`: its open block has a signature. `text`: all its text, in pieces."""

    blocks: Blocks
    is_signed: bool = False
    calls: int = 0
    text: list[str] = []
    streamed_call: StreamedCall | None = None
    finish_reason: str | None = None
    finish_message: str = ""
    grounding: Raw = Raw()
    citations: list[Raw] = []


class GenerateDecoder:
    """A Decoder. Finish reasons and citations become events at the end of the answer."""

    uniform_deltas = True
    varying = Varying(counts=b'"usageMetadata":')

    def __init__(self) -> None:
        self._id = ""
        self._started = False
        self._failed = False
        self._choices: dict[int, _Choice] = {}
        self._blocked: PromptFeedback | None = None
        self._counted = b"", False

    def decode(self, frame: Frame) -> Iterable[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a chunk that cannot be read."""
        data = frame.data or _bare_json(frame.raw)
        if self._failed or not data:
            return ()
        try:
            return self.read(_read_json(RESPONSE, data), data)
        except UNREADABLE as error:
            raise malformed(error) from error

    def read(self, response: Response, data: bytes) -> list[Event]:
        """The events of one chunk, whose bytes are `data`. Raises what msgspec raises on what it cannot read."""
        if not is_null(response.error) and response.error:
            self._failed = True
            return [StreamError(read_error_in_answer(data))]
        events = self._start(response)
        for candidate in response.candidates or ():
            events += self._candidate(candidate)
        feedback = response.prompt_feedback
        if feedback is not None and (feedback.block_reason or feedback.block_reason_message):
            self._blocked = feedback
        events += self._count(response.usage_metadata)
        events += self._failure()
        return events

    def close(self) -> list[Event]:
        """The end of the stream is the end of the answer, if every candidate has finished."""
        if self._failed or self._unfinished or not self.has_answered:
            return []
        try:
            return self.end()
        except UNREADABLE as error:
            raise malformed(error) from error

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> list[Event]:
        choice = self._choices.get(delta.choice)
        if choice is not None and isinstance(delta, TextDelta):
            choice.text.append(delta.text)
        try:
            return self._count(Raw(skipped.counts))
        except UNREADABLE as error:
            raise malformed(error) from error

    def end(self) -> list[Event]:
        """The events at the end of the answer. A candidate without a finish reason counts as complete."""
        events: list[Event] = []
        if self._blocked is not None and not self._choices:
            events += _blocked_prompt(self._blocked)
        for index, choice in self._choices.items():
            events += self._streamed_call_ends(choice)
            events += _citations(choice)
            events += choice.blocks.close()
            reason, has_calls = choice.finish_reason or "", choice.calls > 0
            events.append(read_finish(reason, choice.finish_message, choice=index, has_calls=has_calls))
        return [*events, StreamEnd()]

    @property
    def has_answered(self) -> bool:
        """Whether there is a candidate, or the prompt was blocked."""
        return bool(self._choices) or self._blocked is not None

    @property
    def _unfinished(self) -> bool:
        return any(choice.finish_reason is None for choice in self._choices.values())

    def _start(self, response: Response) -> list[Event]:
        if self._started:
            return []
        self._started = True
        self._id = name_of(response.response_id or NULL) or ""
        return [StreamStart(self._id, name_of(response.model_version or NULL) or "")]

    def _count(self, raw: Raw) -> list[Event]:
        """The usage, unless it repeats the last chunk's. It is final once every candidate has finished."""
        is_final = self.has_answered and not self._unfinished
        if not raw or self._counted == (bytes(raw), is_final):
            return []
        self._counted = bytes(raw), is_final
        searches = sum(search_count(choice.grounding) for choice in self._choices.values()) if is_final else 0
        usage = read_usage(raw, final=is_final, web_searches=searches)
        return [] if usage is None else [UsageSnapshot(usage, is_final)]

    def _failure(self) -> list[Event]:
        for choice in self._choices.values():
            if choice.finish_reason in FAILURES:
                self._failed = True
                return [StreamError(failed_answer(choice.finish_reason, choice.finish_message))]
        return []

    def _candidate(self, candidate: Candidate) -> list[Event]:
        index = candidate.index or 0
        choice = self._choices.get(index)
        if choice is None:
            check_choices(len(self._choices))
            choice = self._choices[index] = _Choice(Blocks(index))
        events: list[Event] = []
        content = candidate.content
        for part in (content.parts if content is not None else None) or ():
            events += self._part(part, choice)
        if candidate.logprobs_result and choice.blocks.kind == "text":
            tokens = read_logprobs(candidate.logprobs_result)
            events += [Logprobs(choice.blocks.number, tokens, choice=index)] if tokens else ()
        _note(candidate, choice)
        return events

    def _part(self, raw: Raw, choice: _Choice) -> list[Event]:
        part = PART.decode(raw)
        if part.function_call is not None:
            return self._call(part.function_call, part.thought_signature or "", choice)
        return self._streamed_call_ends(choice) + self._content(part, raw, choice)

    def _content(self, part: Part, raw: Raw, choice: _Choice) -> list[Event]:
        if part.text is not None:
            return _text(part, choice)
        if part.inline_data is not None and not part.thought:
            # without its signature, which cannot come back: no client sends back what the model drew
            return choice.blocks.whole("media", name=part.inline_data.mime_type, data=part.inline_data.data)
        return _other(raw, choice)

    def _call(self, call: FunctionCall, signature: str, choice: _Choice) -> list[Event]:
        """A call comes whole unless its arguments are streamed."""
        events = self._streamed_call_ends(choice) if call.name else []
        if call.name and (call.will_continue or call.partial_args):
            choice.streamed_call = StreamedCall(call, signature)
        if choice.streamed_call is not None:
            choice.streamed_call.add(call, signature)
            return events if call.will_continue else events + self._streamed_call_ends(choice)
        if not call.name:
            raise malformed("a function call has no name.")
        arguments = bytes(call.args).decode() if not is_null(call.args) and call.args else "{}"
        return events + self._whole_call(call.name, call.id, arguments, signature, choice)

    def _streamed_call_ends(self, choice: _Choice) -> list[Event]:
        """The call whose arguments came in pieces, which are all there now."""
        call, choice.streamed_call = choice.streamed_call, None
        if call is None:
            return []
        return self._whole_call(call.name, call.id, call.arguments(), call.signature, choice)

    def _whole_call(self, name: str, id: str | None, arguments: str, signature: str, choice: _Choice) -> list[Event]:
        """Older models give a call no id, and may call the same function several times."""
        id = id or self._made_id(name, arguments, choice)
        choice.calls += 1
        blocks = choice.blocks
        events = blocks.open("tool_call", id=id, name=name)
        events.append(ToolArgsDelta(blocks.number, arguments, choice=blocks.choice))
        if signature:
            events.append(BlockMeta(blocks.number, write_signature("call", signature, id), choice=blocks.choice))
        return [*events, *blocks.close()]

    def _made_id(self, name: str, arguments: str, choice: _Choice) -> str:
        """An id that is unique in the conversation and always the same for this call: made of the answer's id, or of
        the call's name and arguments where the answer has no id (fixtures, proxies)."""
        stem = self._id or hashlib.sha256(f"{name}\0{arguments}".encode()).hexdigest()[:22]
        index = choice.blocks.choice
        return f"call_{stem}_{f'{index}_' if index else ''}{choice.calls}"


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamRejected if it is an error under a 200."""
    decoder = GenerateDecoder()
    try:
        read = _read_json(RESPONSES, body)
        chunks = read if isinstance(read, list) else [read]
        events = [event for chunk in chunks for event in decoder.read(chunk, body)]
        if events and isinstance(events[-1], StreamError):
            raise events[-1].error
        if not decoder.has_answered:
            raise malformed("the answer has no candidates.")
        return events + decoder.end()
    except UNREADABLE as error:
        raise malformed(error) from error


def _read_json(decoder: msgspec.json.Decoder[_T], data: bytes) -> _T:
    """Raw values are put on one line, since they go into clients' frames: Gemini indents whole answers.

    msgspec skips over raw values without checking their characters, so the UTF-8 is checked here."""
    if not data.isascii():
        data.decode()
    try:
        return decoder.decode(msgspec.json.format(data, indent=-1) if b"\n" in data else data)
    except UNREADABLE:
        strict = made_strict(data, constants=True)  # half a surrogate pair, NaN
        if strict is None:
            raise
        return decoder.decode(strict)


def _bare_json(raw: bytes) -> bytes:
    """A JSON object that is no SSE event: an error in a stream may come as the body that it would be alone."""
    return raw.strip() if raw.lstrip().startswith(b"{") else b""


def _note(candidate: Candidate, choice: _Choice) -> None:
    if candidate.finish_reason is not None:
        choice.finish_reason = candidate.finish_reason
        choice.finish_message = candidate.finish_message or ""
    if len(candidate.grounding_metadata) > len(b"{}"):  # grounded streams have {} here until the last chunk
        choice.grounding = candidate.grounding_metadata
    if candidate.citation_metadata:
        choice.citations.append(candidate.citation_metadata)


def _text(part: Part, choice: _Choice) -> list[Event]:
    """Signed text is a block of its own: "don't merge a part with a signature with one without"."""
    text, signature, blocks = part.text or "", part.thought_signature or "", choice.blocks
    if not text and not signature:
        return []  # recording gemini/req_llm-gemini_3_flash_preview-grounding_streaming-5da89f begins with one
    kind: BlockKind = "reasoning" if part.thought else "text"
    events: list[Event] = []
    if blocks.kind != kind or (choice.is_signed and text):
        events += blocks.open(kind)
        choice.is_signed = False
    if text and kind == "text":
        choice.text.append(text)
        events.append(TextDelta(blocks.number, text, choice=blocks.choice))
    elif text:
        events.append(ReasoningDelta(blocks.number, text, choice=blocks.choice))
    if signature:
        choice.is_signed = True
        owner: Owner = "thought" if part.thought else "text" if text else "end"
        events.append(BlockMeta(blocks.number, write_signature(owner, signature), choice=blocks.choice))
    return events


def _other(raw: Raw, choice: _Choice) -> list[Event]:
    """A part of another kind is signed with itself, to be sent back as it is: Gemini continues from its own tools."""
    data = bytes(raw)
    text = data.decode()
    opened = choice.blocks.open_beside("other", raw=data)
    number, index = choice.blocks.number, choice.blocks.choice
    return [*opened, BlockMeta(number, write_signature("part", text), choice=index), BlockEnd(number, index)]


def _citations(choice: _Choice) -> list[Event]:
    """Citations need a text block: an empty one is opened if the last block is of another kind."""
    text, blocks = Characters("".join(choice.text)), choice.blocks
    number, index = (blocks.number if blocks.kind == "text" else blocks.number + 1), blocks.choice
    found: list[Event] = [
        *grounding_citations(choice.grounding, text, number, index),
        *quoted_sources(choice.citations, text, number, index),
    ]
    return [*(blocks.enter("text") if found else ()), *found]


def _blocked_prompt(feedback: PromptFeedback) -> list[Event]:
    """A blocked prompt gets no candidate. The answer is a refusal, not an error."""
    reason = feedback.block_reason or ""
    detail = feedback.block_reason_message or f"The prompt was blocked: {reason}."
    return [Finish("content_filter", raw_reason=reason, detail=detail)]
