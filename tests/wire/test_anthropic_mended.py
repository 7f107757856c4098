"""Answers of vendors with Anthropic's API that leave out, or count otherwise, what Anthropic's own SDKs rely on."""

import json
from typing import Any, Final

import pytest

from sealink.errors import UpstreamError
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.dialects.anthropic_messages.upstream.mend import Mender
from sealink.wire.dialects.anthropic_messages.upstream.passthrough import MessagesPassthrough
from sealink.wire.stream.fold import fold
from wire.anthropic_grammar import complaints
from wire.anthropic_line import events_in, final_message, passthrough_lane, stock_client, through
from wire.test_anthropic_passthrough import START, frame, message
from wire.upstream_line import read_stream

Fields = dict[str, Any]


def start(**fields: Any) -> bytes:
    """A message_start with these fields; those that are `...` are left out."""
    merged = {name: value for name, value in {**START, **fields}.items() if value is not ...}
    return frame("message_start", message=merged)


def opened(index: int | None, **block: Any) -> bytes:
    return frame("content_block_start", **at(index), content_block=block)


def more(index: int | None, kind: str, **text: Any) -> bytes:
    return frame("content_block_delta", **at(index), delta={"type": f"{kind}_delta", **text})


def stopped(index: int | None) -> bytes:
    return frame("content_block_stop", **at(index))


def at(index: int | None) -> Fields:
    return {} if index is None else {"index": index}


def ended(usage: Any = ..., reason: str = "end_turn") -> bytes:
    fields = {"delta": {"stop_reason": reason, "stop_sequence": None}}
    return frame("message_delta", **fields, **({} if usage is ... else {"usage": usage}))


STOP: Final = frame("message_stop")
END: Final = [ended({"output_tokens": 2}), STOP]
TEXT: Final = {"type": "text", "text": ""}
THINKING: Final = {"type": "thinking", "thinking": "", "signature": ""}
CALL: Final = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}


def block(index: int | None, opening: Fields, kind: str, **text: Any) -> list[bytes]:
    return [opened(index, **opening), more(index, kind, **text), stopped(index)]


def thought_and_text(first: int | None, second: int | None) -> list[bytes]:
    thought = block(first, THINKING, "thinking", thinking="hm")
    return [start(), *thought, *block(second, TEXT, "text", text="x"), *END]


ONE: Final = [("thinking", "hm"), ("text", "x")]
STREAMS: Final[dict[str, tuple[list[bytes], list[tuple[str, Any]]]]] = {
    "indexes repeated": (thought_and_text(0, 0), ONE),
    "indexes from 1": (thought_and_text(1, 2), ONE),
    "indexes with a gap": (thought_and_text(0, 7), ONE),
    "indexes that fall": (thought_and_text(3, 1), ONE),
    "no indexes": (thought_and_text(None, None), ONE),
    "two open blocks, counted from 1": (
        [
            *(start(), opened(1, **THINKING), opened(2, **TEXT), more(2, "text", text="x")),
            *(more(1, "thinking", thinking="hm"), stopped(2), stopped(1), *END),
        ],
        ONE,
    ),
    "a block that starts before the last one stops": (
        [start(), opened(0, **THINKING), more(0, "thinking", thinking="hm"), *block(0, TEXT, "text", text="x"), *END],
        ONE,
    ),
    "no starts": (
        [start(), more(0, "thinking", thinking="hm"), stopped(0), more(1, "text", text="x"), stopped(1), *END],
        ONE,
    ),
    "text for a block of thinking": (
        [
            *(start(), opened(0, **THINKING), more(0, "thinking", thinking="hm")),
            *(more(0, "text", text="x"), stopped(0), *END),
        ],
        ONE,
    ),
    "a stop for a block that is not open": (
        [
            *(start(), *block(0, THINKING, "thinking", thinking="hm"), stopped(0)),
            *(*block(1, TEXT, "text", text="x"), stopped(5), *END),
        ],
        ONE,
    ),
    "no message_start": ([*block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "no message_delta": ([start(), *block(0, TEXT, "text", text="x"), STOP], ONE[1:]),
    "usage null": ([start(usage=None), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "no usage": ([start(usage=...), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "usage of another type": ([start(usage=[1]), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "usage empty": ([start(usage={}), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "content null": ([start(content=None), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "no content": ([start(content=...), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "no id": ([start(id=..., model=None), *block(0, TEXT, "text", text="x"), *END], ONE[1:]),
    "usage null at the end": ([start(), *block(0, TEXT, "text", text="x"), ended(None), STOP], ONE[1:]),
    "no usage at the end": ([start(), *block(0, TEXT, "text", text="x"), ended(), STOP], ONE[1:]),
    "only input at the end": (
        [start(), *block(0, TEXT, "text", text="x"), ended({"input_tokens": 3}), STOP],
        ONE[1:],
    ),
    "a text block without text": ([start(), *block(0, {"type": "text"}, "text", text="x"), *END], ONE[1:]),
    "a thinking block without thinking": (
        [start(), *block(0, {"type": "thinking", "thinking": None}, "thinking", thinking="hm"), *END],
        ONE[:1],
    ),
    "a call without input": (
        [start(), *block(0, {**CALL, "input": None}, "input_json", partial_json='{"x":1}'), *END],
        [("tool_use", {"x": 1})],
    ),
    "calls with one id": (
        [
            *(start(), *block(0, CALL, "input_json", partial_json='{"x":1}')),
            *(*block(0, CALL, "input_json", partial_json='{"x":2}'), *END),
        ],
        [("tool_use", {"x": 1}), ("tool_use", {"x": 2})],
    ),
    "calls without an id": (
        [
            *(start(), *block(0, {**CALL, "id": None}, "input_json", partial_json='{"x":1}')),
            *(*block(1, {**CALL, "id": ""}, "input_json", partial_json='{"x":2}'), *END),
        ],
        [("tool_use", {"x": 1}), ("tool_use", {"x": 2})],
    ),
}
FIELD: Final = {"text": "text", "thinking": "thinking", "tool_use": "input"}
KINDS: Final = {"text": "text", "reasoning": "thinking", "tool_call": "tool_use"}


@pytest.mark.parametrize("name", STREAMS)
def test_anthropics_own_sdk_reads_the_stream(name: str) -> None:
    body, blocks = STREAMS[name]
    out, outcome = through(passthrough_lane(), body)
    assert outcome.complete
    assert complaints(out) == [] or name.startswith("two open blocks")  # which is for the upstream to say
    read = final_message(out)
    assert [(each["type"], each[FIELD[each["type"]]]) for each in read["content"]] == blocks
    assert read["stop_reason"] == "end_turn"
    assert read["usage"]["output_tokens"] in (1, 2, 0)
    assert read["id"]
    assert read["model"]
    ids = [each["id"] for each in read["content"] if each["type"] == "tool_use"]
    assert all(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", STREAMS)
def test_other_clients_read_the_same(name: str) -> None:
    body, blocks = STREAMS[name]
    told = fold(read_stream(UPSTREAM, body)).choices[0].blocks
    found = [(KINDS[each.kind], json.loads(each.text) if each.kind == "tool_call" else each.text) for each in told]
    assert found == blocks


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("name", STREAMS)
def test_wherever_the_network_splits_it(name: str, size: int) -> None:
    body = b"".join(STREAMS[name][0])
    whole = through(passthrough_lane(), [body])[0]
    assert through(passthrough_lane(), [body[at : at + size] for at in range(0, len(body), size)])[0] == whole


def test_deltas_of_a_renumbered_block_are_all_renumbered() -> None:
    """Also those that come in reads of their own, which a template answers."""
    texts = [more(0, "text", text=f"{number} ") for number in range(50)]
    stream = [start(), *block(0, THINKING, "thinking", thinking="hm"), opened(0, **TEXT), *texts, stopped(0), *END]
    out, outcome = through(passthrough_lane(), stream)
    deltas = [event for event in events_in(out) if event["type"] == "content_block_delta"]
    assert [event["index"] for event in deltas] == [0] + [1] * 50
    assert outcome.complete


def test_events_whose_type_is_only_in_their_name() -> None:
    body = [
        each.replace(b'"type": "content_block_delta", ', b"").replace(b'"type": "message_start", ', b"")
        for each in message()
    ]
    out, outcome = through(passthrough_lane(), body)
    assert outcome.complete
    assert all("type" in event for event in events_in(out))
    assert final_message(out)["content"][0]["text"] == "Hi"


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "message_start", "message": "x"}',
        b'{"type": "content_block_start", "index": 0, "content_block": 5}',
        b'{"type": "content_block_delta", "index": 4, "delta": {"type": "input_json_delta", "partial_json": "{"}}',
        b'{"type": "content_block_delta", "index": "x", "delta": {"type": "text_delta", "text": "x"}}',
        b'{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"x": "\xff"}}',
        b'{"type": "news", "x": "\xff"}',
        b'{"type": 5}',
        b"[]",
        b"{",
    ],
)
def test_what_cannot_be_mended_is_one_error(data: bytes) -> None:
    out, outcome = through(passthrough_lane(), [start(), b"event: x\ndata: " + data + b"\n\n", *END])
    assert isinstance(outcome.error, UpstreamError)
    assert [event["type"] for event in events_in(out)] == ["message_start", "error"]


WHOLE: Final = {**START, "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"}


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({"usage": None}, WHOLE["content"]),
        ({"usage": {}}, WHOLE["content"]),
        ({"usage": "none"}, WHOLE["content"]),
        ({"content": None}, []),
        ({"content": [{"type": "text"}, {"type": "tool_use", "id": "a", "name": "f"}]}, None),
        ({"content": [{**CALL, "id": "a"}, {**CALL, "id": "a"}]}, None),
    ],
)
def test_a_whole_message(fields: Fields, content: list[Fields] | None) -> None:
    body = json.dumps({**WHOLE, **fields}).encode()
    out, outcome = UPSTREAM.passthrough_whole(body)
    assert outcome.complete
    client = stock_client(lambda: (200, out))
    read = client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}])
    assert read.usage.input_tokens >= 0
    assert read.usage.output_tokens >= 0
    told = json.loads(out)["content"]
    assert content is None or told == content
    assert len({each.get("id", number) for number, each in enumerate(told)}) == len(told)


def test_a_whole_message_that_needs_nothing_stays_as_it_is() -> None:
    body = json.dumps(WHOLE, indent=1).encode()
    assert UPSTREAM.passthrough_whole(body)[0] == body


REGULAR: Final = [
    start(),
    *block(0, THINKING, "thinking", thinking="hm"),
    *block(1, TEXT, "text", text="x"),
    *block(2, CALL, "input_json", partial_json="{}"),
    *END,
]


def test_events_as_anthropic_sends_them_are_not_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mender, "mended", lambda *_: pytest.fail("was looked at"))
    assert through(passthrough_lane(), REGULAR)[0] == b"".join(REGULAR)


@pytest.mark.parametrize("at", range(len(REGULAR)))
@pytest.mark.parametrize("change", ["without", "twice"])
def test_an_irregular_stream_is_mended_as_if_each_event_had_been_looked_at(
    at: int, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [*REGULAR[:at], *([REGULAR[at]] * 2 if change == "twice" else []), *REGULAR[at + 1 :]]
    mended, _ = through(passthrough_lane(), events)
    monkeypatch.setattr(MessagesPassthrough, "_is_plain", lambda *_: False)
    assert mended == through(passthrough_lane(), events)[0]
