"""Recorded answers of all vendors as Anthropic's SDK reads them from SeaLink: split, cut and damaged, too."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acceptance import stock_messages
from acceptance.expectations import as_seen_by
from acceptance.readings import differences
from recordings import Case
from sealink.errors import GatewayTimeout, UpstreamError
from sealink.events import (
    BlockEnd,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.usage import Usage
from sealink.wire.dialects import openai_chat
from sealink.wire.dialects.anthropic_messages import CLIENT
from wire.anthropic_grammar import complaints
from wire.anthropic_line import (
    IDENTITY,
    QUESTION,
    events_in,
    final_message,
    request_of,
    stock_client,
    through,
    translating_lane,
)

API = "openai-chat"
CUTS = 10
SPLITS = 10
NAMELESS = "a tool_use without an id or a name"
"""What cannot be put right: the upstream's own name of a tool never came."""


def judge(cases: list[Case], faults: Callable[[Case], Iterator[str]], report: Callable[[str], None] = print) -> None:
    wrong = {case.id: found for case in cases if (found := list(faults(case)))}
    report(f"{len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


def translated(pieces: list[bytes], cause: Any = None) -> tuple[bytes, Any]:
    return through(translating_lane(openai_chat.UPSTREAM), pieces, cause)


def reading(status: int, body: bytes, **fields: Any) -> Any:
    return stock_messages.read(
        stock_client(lambda: (status, body)), {"model": "m", "messages": QUESTION, "max_tokens": 9, **fields}
    )


def test_every_stream_reads_in_the_stock_sdk_as_recorded(streams: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        out, outcome = translated([case.body])
        yield from differences(as_seen_by("messages", case), reading(200, out, stream=True))
        yield from complaints(out, may_fail=outcome.error is not None)

    judge(streams, faults)


def test_every_whole_answer_reads_in_the_stock_sdk_as_recorded(cases: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        body = CLIENT.whole(request_of(), openai_chat.UPSTREAM.decode_whole(case.body), IDENTITY)
        yield from differences(as_seen_by("messages", case), reading(200, body))

    judge([case for case in cases if case.kind == "json"], faults)


def test_every_error_reads_in_the_stock_sdk_as_recorded(cases: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        error = openai_chat.UPSTREAM.read_error(case.meta["status"], case.headers, case.body)
        yield from differences(as_seen_by("messages", case), reading(error.status, CLIENT.error_body(error, "req_1")))

    judge([case for case in cases if case.kind == "error"], faults)


def test_a_stream_and_its_fold_say_the_same(streams: list[Case]) -> None:
    """What the SDK accumulates of the stream is what a client is given that does not stream."""

    def faults(case: Case) -> Iterator[str]:
        framer, decoder = openai_chat.UPSTREAM.framer(), openai_chat.UPSTREAM.decoder()
        events = [event for frame in framer.feed(case.body) for event in decoder.decode(frame)]
        events += decoder.close()
        if not events or not isinstance(events[-1], StreamEnd):
            return
        whole = json.loads(CLIENT.whole(request_of(), events, IDENTITY))
        streamed = final_message(translated([case.body])[0])
        whole["usage"] = {name: count for name, count in whole["usage"].items() if name in streamed["usage"]}
        for name in ("stop_reason", "usage", "id", "model"):
            if streamed[name] != whole[name]:
                yield f"{name}: {streamed[name]} is not {whole[name]}"
        written = [{key: value for key, value in block.items() if value is not None} for block in streamed["content"]]
        if [block for block in written if block["type"] != "tool_use"] != [
            block for block in whole["content"] if block["type"] != "tool_use"
        ]:
            yield f"{written} is not {whole['content']}"

    judge(streams, faults)


def test_wherever_the_network_splits_it(swept: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        whole, dice = translated([case.body])[0], random.Random(case.id)
        for _ in range(SPLITS):
            at = dice.randrange(len(case.body))
            if translated([case.body[:at], case.body[at:]])[0] != whole:
                yield f"split at {at}"

    judge(swept, faults)


def test_every_cut_ends_in_one_error(swept: list[Case]) -> None:
    def faults(case: Case) -> Iterator[str]:
        dice = random.Random(case.id)
        for _ in range(CUTS):
            at = dice.randrange(len(case.body))
            cause = dice.choice([None, GatewayTimeout("late", code="idle"), UpstreamError("reset")])
            out, outcome = translated([case.body[:at]], cause)
            yield from (f"cut at {at}: {fault}" for fault in complaints(out, may_fail=not outcome.complete))
            ends = [event["type"] for event in events_in(out) if event["type"] in ("error", "message_stop")]
            if ends != (["message_stop"] if outcome.complete else ["error"]):
                yield f"cut at {at}: {ends}"

    judge(swept, faults)


def test_whatever_bytes_are_damaged(streams: list[Case]) -> None:
    for case in streams:
        dice = random.Random(case.id)
        body = bytearray(case.body)
        for _ in range(dice.randint(1, 20)):
            body[dice.randrange(len(body))] = dice.choice(b'{}[]",:\\\n 0a\xff')
        out, outcome = translated([bytes(body)])
        found = [fault for fault in complaints(out, may_fail=outcome.error is not None) if fault != NAMELESS]
        assert found == [], case.id
        assert outcome.complete != (outcome.error is not None), case.id


KINDS = st.sampled_from(
    ["text", "reasoning", "redacted_reasoning", "tool_call", "custom_tool_call", "refusal", "media", "other"]
)
TEXTS = st.sampled_from(["", "a", "{}", '{"a":', "1}", 'é"\\', "\n"])
USAGES = st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
NUMBERS = st.integers(0, 4)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """The events of a decoder that keeps its promises, and little more: blocks may overlap as they like."""
    events: list[Event] = [StreamStart(draw(TEXTS), draw(TEXTS))]
    kinds: dict[int, str] = {}
    open: set[int] = set()
    for _ in range(draw(st.integers(0, 25))):
        number = draw(NUMBERS)
        if number not in kinds:
            kinds[number] = draw(KINDS)
            open.add(number)
            events.append(BlockStart(number, kinds[number], id=f"t{number}", name="f", data="AA"))  # type: ignore[arg-type]
        elif number in open:
            events.append(draw(_of(number, kinds[number])))
            if isinstance(events[-1], BlockEnd):
                open.remove(number)
        if draw(st.integers(0, 9)) == 0:
            events.append(UsageSnapshot(draw(USAGES)))
    events += [BlockEnd(number) for number in draw(st.permutations(sorted(open)))] if draw(st.booleans()) else []
    finish = st.builds(Finish, st.sampled_from(["stop", "length", "tool_calls", "content_filter"]), detail=TEXTS)
    return [*events, *draw(st.lists(finish, max_size=1)), StreamEnd()]


def _of(number: int, kind: str) -> st.SearchStrategy[Event]:
    delta = ReasoningDelta if kind == "reasoning" else ToolArgsDelta if "call" in kind else TextDelta
    others: list[st.SearchStrategy[Event]] = [st.just(BlockEnd(number))]
    if kind != "tool_call":
        others.append(st.just(BlockMeta(number, "x:s")))
    if kind == "text":
        others += [st.just(Citation(number, url="https://a")), st.just(Logprobs(number, b"[]"))]
    deltas = [st.builds(delta, st.just(number), TEXTS)] if kind not in ("redacted_reasoning", "media", "other") else []
    return st.one_of(*deltas, *others)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(answers())
def test_any_answer_keeps_to_the_grammar(events: list[Event]) -> None:
    encoder = CLIENT.encoder(request_of(stream=True, stop_sequences=["a"]), IDENTITY)
    out = b"".join(map(encoder.encode, events))
    assert complaints(out) == []
    written = [frame["content_block"] for frame in events_in(out) if frame["type"] == "content_block_start"]
    kept = json.loads(CLIENT.whole(request_of(stop_sequences=["a"]), events, IDENTITY))
    assert sorted(block["type"] for block in kept["content"]) == sorted(block["type"] for block in written)
    assert kept["stop_reason"] == events_in(out)[-2]["delta"]["stop_reason"]
    texts = "".join(
        frame["delta"].get("text", "") for frame in events_in(out) if frame["type"] == "content_block_delta"
    ) + "".join(block.get("text", "") for block in written)
    assert sorted(texts) == sorted("".join(block.get("text", "") for block in kept["content"]))
