"""Cohere's answers → events: a stream's frames, or a whole answer. https://docs.cohere.com/v2/docs/streaming

    message-start  tool-plan-delta*  (content-start content-delta* content-end)*  with citation-start in or after it
    (tool-call-start tool-call-delta* tool-call-end)*  message-end  and at last `[DONE]`, which is not waited for

A tool plan, what the model means to do before it calls its tools, is thinking: marked, to be sent back as a plan.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Raw

from sealink.events import (
    BlockKind,
    BlockMeta,
    Citation,
    Event,
    Finish,
    FinishReason,
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
from sealink.wire.dialects.cohere_chat.upstream.errors import FAILURES, NAME, failed, read_error
from sealink.wire.dialects.cohere_chat.upstream.messages import PLAN_MARK
from sealink.wire.dialects.cohere_chat.usage import read_usage
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import UNREADABLE, encode, text_of, utf8

_REASONS: Final[dict[str, FinishReason]] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
    "ERROR_LIMIT": "length",
}
"""https://docs.cohere.com/v2/docs/chat-api#finish-reasons; a reason to come counts as `stop`."""


class ChatDecoder:
    """A Decoder of Cohere's events. A content stays open until something else begins: citations may follow its end."""

    stateless_deltas = False

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._blocks = Blocks()
        self._is_plan = False
        self._chars = 0
        self._starts_at = 0  # the open block, in all the text

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a frame that makes no sense."""
        if self._ended or not frame.data:
            return ()
        try:
            return list(self._read(views.EVENT.decode(frame.data)))
        except UNREADABLE as error:
            return self._read_odd(frame, error)

    def close(self) -> Sequence[Event]:
        """Only `message-end` says that an answer is whole."""
        return ()

    def whole(self, answer: views.Whole, message: views.Message) -> Iterator[Event]:
        """The events of a not-streamed answer: what a stream would tell of it."""
        yield StreamStart(answer.id or "", "")
        if message.tool_plan:
            yield from self._plan(message.tool_plan)
        for content in message.content or ():
            yield from self._content(content)
        if self._blocks.kind == "text":
            yield from self._score(*answer.logprobs or ())
            for citation in message.citations or ():
                yield from self._cite(citation)
        for call in message.tool_calls or ():
            yield from self._call(call)
        yield from self._end(answer)

    def _read(self, event: views.WireEvent) -> Iterator[Event]:
        if isinstance(event, views.Started):
            if not self._started:
                self._started = True
                yield StreamStart(event.id or "", "")
            return
        if not self._started:
            raise malformed("an event before message-start.")
        match event:
            case views.ContentGrew():
                yield from self._grow(event.delta.message.content or views.Content())
                if event.logprobs is not None:
                    yield from self._score(event.logprobs)
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

    def _read_odd(self, frame: Frame, reason: Exception) -> Sequence[Event]:
        """A frame that is no event we know: an error, a new event, or nonsense."""
        try:
            odd = views.ODD.decode(frame.data)
            frame.data.decode()
        except UNREADABLE:
            raise malformed(reason) from reason
        if odd.type is None and text_of(odd.message) is not None:
            self._ended = True
            return (StreamError(read_error(502, (), frame.data)),)
        if odd.type is None or odd.type in views.KNOWN_EVENTS:
            raise malformed(reason) from reason
        return (Unmodelled(frame.data),)

    def _content(self, content: views.Content) -> Iterator[Event]:
        yield from self._begin("reasoning" if content.type == "thinking" else "text")
        yield from self._grow(content)

    def _grow(self, content: views.Content) -> Iterator[Event]:
        kind = self._blocks.kind
        if self._is_plan or kind not in ("text", "reasoning"):
            raise malformed("more of a content that is not open.")
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
            raise malformed("a tool call without a name.")
        yield from self._close()
        id = call.id or f"call_{self._blocks.number + 1}"
        yield from self._blocks.open("tool_call", id=id, name=call.function.name)
        yield from self._arguments(call)

    def _arguments(self, call: views.Call) -> Iterator[Event]:
        if self._blocks.kind != "tool_call":
            raise malformed("more of a tool call that is not open.")
        if call.function is not None and call.function.arguments:
            yield ToolArgsDelta(self._blocks.number, call.function.arguments)

    def _cite(self, raw: Raw) -> Iterator[Event]:
        """Citations of a plan, or of thinking, have no place in any client's format."""
        said = views.CITATION.decode(raw)
        if self._blocks.kind != "text" or said.type not in (None, "TEXT_CONTENT"):
            yield Unmodelled(utf8(raw))
            return
        sources = [_Source(source) for source in said.sources or [views.Source()]]
        for source in [source for source in sources if source.url] or sources[:1]:
            yield Citation(
                self._blocks.number,
                url=source.url,
                title=source.title,
                quote=source.quote,
                start=None if said.start is None else self._starts_at + said.start,
                end=None if said.end is None else self._starts_at + said.end,
                raw=utf8(raw),
                dialect=NAME,
            )

    def _score(self, *pieces: views.Logprob) -> Iterator[Event]:
        """A piece of several tokens, of which Cohere tells no borders, is told as one: its tokens' sum."""
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
            yield BlockMeta(self._blocks.number, signature=PLAN_MARK)
        yield from self._blocks.close()

    def _end(self, end: views.End) -> Iterator[Event]:
        self._ended = True
        reason = end.finish_reason or ""
        if reason in FAILURES:
            yield StreamError(failed(reason, end.error or "", end.error_type))
            return
        yield from self._close()
        if end.usage:
            yield UsageSnapshot(read_usage(end.usage))
        yield Finish(_REASONS.get(reason, "stop"), raw_reason=reason)
        yield StreamEnd()


class _Source:
    """Where a citation comes from. What a document or a tool's result holds is the client's own: these are usual."""

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
            raise malformed("an answer without a message.")
        events = list(ChatDecoder().whole(answer, answer.message))
    except UNREADABLE as error:
        raise malformed(error) from error
    if isinstance(events[-1], StreamError):
        raise events[-1].error
    return events
