"""An upstream's bytes through a dialect: its events, and what an OpenAI client is told of them.

The tests of the upstream dialects that no client speaks share it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from recordings import Case
from sealink.errors import SealinkError, UpstreamError
from sealink.events import Event, StreamEnd, StreamError, StreamStart
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, UpstreamDialect
from sealink.wire.dialects import openai_chat
from sealink.wire.stream.fold import Answer, fold
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator
from wire.openai_chat_grammar import complaints

BYTEWISE_BELOW = 100_000
BIRTH = FallbackIdentity("birth", 1_700_000_000)
ASKED = ChatRequest(model="asked-for", messages=[], stream=True, include_usage=True)


def read_stream(dialect: UpstreamDialect, chunks: Iterable[bytes]) -> list[Event]:
    """The events of a stream that comes in these chunks and then properly ends."""
    framer, decoder = dialect.framer(), dialect.decoder()
    events = [event for chunk in chunks for frame in framer.feed(chunk) for event in decoder.decode(frame)]
    events += [event for frame in framer.close() for event in decoder.decode(frame)]
    return events + list(decoder.close())


def read_until_it_fails(dialect: UpstreamDialect, body: bytes) -> list[Event]:
    """The events, up to the error of the project's own that ended them; any other exception fails the test."""
    framer, decoder = dialect.framer(), dialect.decoder()
    events: list[Event] = []
    try:
        for frame in [*framer.feed(body), *framer.close()]:
            events += decoder.decode(frame)
    except SealinkError:
        pass
    return events


def follows_the_grammar(events: list[Event]) -> bool:
    """A start before all else, and nothing after an end."""
    endings = [isinstance(event, StreamEnd | StreamError) for event in events]
    starts = [isinstance(event, StreamStart) for event in events]
    return not any(endings[:-1]) and not any(starts[1:])


def comparable(events: list[Event]) -> list[Any]:
    """Exceptions are not equal to each other; their words are."""
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]


def cut_up(body: bytes, cuts: Iterable[int]) -> list[bytes]:
    borders = sorted({0, len(body), *(cut % len(body) for cut in cuts)})
    return [body[begin:end] for begin, end in pairwise(borders)]


@dataclass
class Told:
    """What an OpenAI client was told, stream or whole."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    annotations: list[Any] = field(default_factory=list)
    thinking_blocks: list[Any] = field(default_factory=list)
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    complaints: list[str] = field(default_factory=list)

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        return [{**call, "arguments": json.loads(call["arguments"])} for call in self.calls.values()]


def translated(dialect: UpstreamDialect, chunks: Iterable[bytes], asked: ChatRequest = ASKED) -> bytes:
    """The stream that an OpenAI client gets."""
    encoder = openai_chat.CLIENT.encoder(asked, BIRTH)
    lane = Lane(dialect.framer(), Translator(dialect.decoder(), encoder))
    return b"".join([lane.feed(chunk) for chunk in chunks]) + lane.close(None)


def told_stream(dialect: UpstreamDialect, chunks: Iterable[bytes]) -> Told:
    body = translated(dialect, chunks)
    told = Told()
    for frame in body.split(b"\n\n"):
        if frame and frame != b"data: [DONE]":
            _add(told, json.loads(frame.removeprefix(b"data: ")))
    told.complaints = list(complaints(body, include_usage=True)) if told.error is None else []
    return told


def told_whole(dialect: UpstreamDialect, body: bytes) -> Told:
    said = json.loads(openai_chat.CLIENT.whole(ASKED, dialect.decode_whole(body), BIRTH))
    (choice,) = said["choices"]
    told = Told(usage=said.get("usage"), finish_reason=choice["finish_reason"])
    _say(told, choice["message"])
    return told


def folded(dialect: UpstreamDialect, case: Case) -> Answer:
    return fold(dialect.decode_whole(case.body) if case.kind == "json" else read_stream(dialect, [case.body]))


def judge(
    dialect: UpstreamDialect, cases: list[Case], faults: Callable[[Case, Told, Answer | None], Iterable[str]]
) -> None:
    """Every case as an OpenAI client sees it, and as the fold does. `faults` says what is not as expected."""
    wrong = {}
    for case in cases:
        told = told_whole(dialect, case.body) if case.kind == "json" else told_stream(dialect, [case.body])
        answer = None if told.error else folded(dialect, case)
        if why := [*told.complaints, *faults(case, told, answer)]:
            wrong[case.id] = why
    print(f"{dialect.name}: {len(cases) - len(wrong)} of {len(cases)}")
    assert cases
    assert not wrong


def reads_the_same_however_it_is_split(dialect: UpstreamDialect, case: Case, splits: int) -> None:
    """In two, at so many places; and byte by byte, if it is not long."""
    body, whole = case.body, comparable(read_stream(dialect, [case.body]))
    for cut in range(1, len(body), max(1, len(body) // splits)):
        assert comparable(read_stream(dialect, [body[:cut], body[cut:]])) == whole, f"{case.id} at {cut}"
    if len(body) < BYTEWISE_BELOW:
        bytewise = (body[at : at + 1] for at in range(len(body)))
        assert comparable(read_stream(dialect, bytewise)) == whole, case.id


def is_never_whole_when_cut(dialect: UpstreamDialect, body: bytes, cuts: Iterable[int]) -> None:
    """A stream that is cut anywhere ends in exactly one error."""
    for cut in cuts:
        out = translated(dialect, [body[:cut]])
        assert out.count(b'"error"') == 1, f"cut at {cut}: {out[-300:]!r}"
        assert b"[DONE]" not in out, f"cut at {cut}"
        try:
            events = read_stream(dialect, [body[:cut]])
        except UpstreamError:
            continue
        assert not any(isinstance(event, StreamEnd) for event in events), f"cut at {cut}"


def _add(told: Told, chunk: dict[str, Any]) -> None:
    told.error = chunk.get("error", told.error)
    told.usage = chunk.get("usage") or told.usage
    for choice in chunk.get("choices", ()):
        assert choice["index"] == 0
        told.finish_reason = choice["finish_reason"] or told.finish_reason
        _say(told, choice["delta"])


def _say(told: Told, said: dict[str, Any]) -> None:
    told.text += said.get("content") or ""
    told.reasoning += said.get("reasoning_content") or ""
    told.refusal += said.get("refusal") or ""
    told.annotations += said.get("annotations") or ()
    told.thinking_blocks += said.get("thinking_blocks") or ()
    for number, piece in enumerate(said.get("tool_calls") or ()):
        call = told.calls.setdefault(piece.get("index", number), {"id": "", "name": "", "arguments": ""})
        function = piece["function"]
        call["id"] += piece.get("id") or ""
        call["name"] += function.get("name") or ""
        call["arguments"] += function["arguments"]
