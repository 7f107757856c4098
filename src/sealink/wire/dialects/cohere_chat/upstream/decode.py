"""Cohere's answers → events: a stream's frames, or a whole answer. https://docs.cohere.com/v2/docs/streaming

    message-start  tool-plan-delta*  (content-start content-delta* content-end)*  with citation-start in or after it
    (tool-call-start tool-call-delta* tool-call-end)*  message-end  and `[DONE]`, which is not needed

A tool plan, what the model intends before it calls tools, becomes thinking, with a signature that sends it back as a
plan.
"""

from collections.abc import Iterator, Sequence

from msgspec import Raw

from sealink.events import (
    BlockKind,
    BlockMeta,
    Citation,
    Event,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.wire.dialects.cohere_chat import views
from sealink.wire.dialects.cohere_chat.finish import STATUS_OF_FAILURE, read_finish
from sealink.wire.dialects.cohere_chat.upstream.errors import NAME, failed_answer, read_error
from sealink.wire.dialects.cohere_chat.upstream.messages import PLAN_SIGNATURE
from sealink.wire.dialects.cohere_chat.usage import read_usage
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import UNREADABLE, encode, name_of, object_of, text_of, utf8
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.template import UNVARYING


class ChatDecoder:
    """A Decoder. A content block stays open until another block begins: citations may follow `content-end`."""

    uniform_deltas = True
    varying = UNVARYING

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._blocks = Blocks()
        self._is_plan = False
        self._chars = 0
        self._starts_at = 0  # the open block, in the answer's text

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a frame that cannot be read."""
        if self._ended or not frame.data:
            return ()
        try:
            return list(self._read(views.EVENT.decode(frame.data)))
        except UNREADABLE as error:
            return self._read_unknown(frame, error)

    def close(self) -> Sequence[Event]:
        """Only `message-end` ends an answer; the end of the bytes does not."""
        return ()

    def catch_up(self, delta: TextDelta | ReasoningDelta, skipped: Skipped) -> Sequence[Event]:
        if isinstance(delta, TextDelta):
            self._chars += len(delta.text)
        return ()

    def whole(self, answer: views.Whole, message: views.Message) -> Iterator[Event]:
        """The events of a not-streamed answer: as of a stream."""
        yield StreamStart(name_of(answer.id) or "", "")
        if message.tool_plan:
            yield from self._plan(message.tool_plan)
        for content in message.content or ():
            yield from self._content(content)
        if self._blocks.kind == "text":
            yield from self._logprobs(*answer.logprobs or ())
            for citation in message.citations or ():
                yield from self._cite(citation)
        for call in message.tool_calls or ():
            yield from self._call(call)
        yield from self._end(answer)

    def _read(self, event: views.WireEvent) -> Iterator[Event]:
        if isinstance(event, views.Started):
            if not self._started:
                self._started = True
                yield StreamStart(name_of(event.id) or "", "")
            return
        if not self._started:
            raise malformed("an event came before `message-start`.")
        match event:
            case views.ContentGrew():
                yield from self._grow(event.delta.message.content or views.Content())
                if event.logprobs is not None:
                    yield from self._logprobs(event.logprobs)
            case views.ContentStarted():
                yield from self._content(event.delta.message.content or views.Content())
            case views.PlanGrew():
                yield from self._plan(event.delta.message.tool_plan or "")
            case views.CallStarted():
                yield from self._call(event.delta.message.tool_calls or views.Call())
            case views.CallGrew():
                yield from self._arguments(event.delta.message.tool_calls or views.Call())
            case views.Cited():
                yield from self._cite(event.delta.message.citations)
            case views.CallEnded():
                yield from self._close()
            case views.Ended():
                yield from self._end(event.delta)

    def _read_unknown(self, frame: Frame, reason: Exception) -> Sequence[Event]:
        """A frame without a view: an error, an event type not known here, or malformed."""
        try:
            event = views.UNKNOWN_EVENT.decode(frame.data)
            frame.data.decode()
        except UNREADABLE:
            raise malformed(reason) from reason
        if event.type is None and text_of(event.message) is not None:
            self._ended = True
            return (StreamError(read_error(502, (), frame.data)),)
        if event.type is None or event.type in views.KNOWN_EVENTS:
            raise malformed(reason) from reason
        return (Unmodelled(frame.data),) if self._started else ()

    def _content(self, content: views.Content) -> Iterator[Event]:
        yield from self._begin("reasoning" if content.type == "thinking" else "text")
        yield from self._grow(content)

    def _grow(self, content: views.Content) -> Iterator[Event]:
        kind = self._blocks.kind
        if self._is_plan or kind not in ("text", "reasoning"):
            raise malformed("a delta came for a content block that is not open.")
        if content.text and kind == "text":
            self._chars += len(content.text)
            yield TextDelta(self._blocks.number, content.text)
        if content.thinking and kind == "reasoning":
            yield ReasoningDelta(self._blocks.number, content.thinking)

    def _plan(self, text: str) -> Iterator[Event]:
        if not self._is_plan:
            yield from self._begin("reasoning", is_plan=True)
        if text:
            yield ReasoningDelta(self._blocks.number, text)

    def _call(self, call: views.Call) -> Iterator[Event]:
        if call.function is None or not call.function.name:
            raise malformed("a tool call has no name.")
        yield from self._close()
        id = call.id or f"call_{self._blocks.number + 1}"
        yield from self._blocks.open("tool_call", id=id, name=call.function.name)
        yield from self._arguments(call)

    def _arguments(self, call: views.Call) -> Iterator[Event]:
        if self._blocks.kind != "tool_call":
            raise malformed("a delta came for a tool call that is not open.")
        if call.function is not None and call.function.arguments:
            yield ToolArgsDelta(self._blocks.number, call.function.arguments)

    def _cite(self, raw: Raw) -> Iterator[Event]:
        """Citations of a plan, or of thinking, have no place in any client's format."""
        citation = views.CITATION.decode(raw)
        if self._blocks.kind != "text" or citation.type not in (None, "TEXT_CONTENT"):
            yield Unmodelled(utf8(raw))
            return
        sources = [_Source(source) for source in citation.sources or [views.Source()]]
        for source in [source for source in sources if source.url] or sources[:1]:
            yield Citation(
                self._blocks.number,
                url=source.url,
                title=source.title,
                quote=source.quote,
                start=None if citation.start is None else self._starts_at + citation.start,
                end=None if citation.end is None else self._starts_at + citation.end,
                raw=utf8(raw),
                dialect=NAME,
            )

    def _logprobs(self, *pieces: views.Logprob) -> Iterator[Event]:
        """A piece with several tokens counts as one token, with their sum: Cohere does not say where each one ends."""
        if self._blocks.kind != "text":
            return
        tokens = [
            {
                "token": piece.text or "",
                "logprob": sum(piece.logprobs or ()),
                "bytes": list((piece.text or "").encode()),
                "top_logprobs": [],
            }
            for piece in pieces
        ]
        if tokens:
            yield Logprobs(self._blocks.number, encode(tokens))

    def _begin(self, kind: BlockKind, *, is_plan: bool = False) -> Iterator[Event]:
        yield from self._close()
        self._is_plan, self._starts_at = is_plan, self._chars
        yield from self._blocks.open(kind)

    def _close(self) -> Iterator[Event]:
        if self._is_plan:
            self._is_plan = False
            yield BlockMeta(self._blocks.number, signature=PLAN_SIGNATURE)
        yield from self._blocks.close()

    def _end(self, end: views.End) -> Iterator[Event]:
        self._ended = True
        reason = end.finish_reason or ""
        if reason in STATUS_OF_FAILURE:
            yield StreamError(failed_answer(reason, end.error or "", end.error_type))
            return
        yield from self._close()
        if usage := object_of(end.usage):
            yield UsageSnapshot(read_usage(usage))
        yield read_finish(reason)
        yield StreamEnd()


class _Source:
    """A citation's source. Documents and tools' results have any fields that the client likes: these are the usual."""

    def __init__(self, source: views.Source) -> None:
        fields = source.document or source.tool_output or {}
        address = text_of(fields.get("url")) or source.id or ""
        self.url = address if address.startswith(("http://", "https://")) else ""
        self.title = text_of(fields.get("title")) or source.id or ""
        self.quote = next((text for name in ("text", "snippet", "content") if (text := text_of(fields.get(name)))), "")


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one, or failed."""
    try:
        answer = views.WHOLE.decode(body)
        if answer.message is None:
            raise malformed("the answer has no `message`.")
        events = list(ChatDecoder().whole(answer, answer.message))
    except UNREADABLE as error:
        raise malformed(error) from error
    if isinstance(events[-1], StreamError):
        raise events[-1].error
    return events
