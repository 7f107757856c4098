"""The pieces of tool calls, in whatever order and under whatever ids servers with OpenAI's API send them: each client
gets the calls that OpenAI's own SDK would have put together, under ids that are stable and unique."""

import json
from typing import Any, Final, NamedTuple

import pytest

from acceptance import stock_messages, stock_responses
from acceptance.readings import Reading
from acceptance.stock_chat import read
from sealink.errors import UpstreamError
from sealink.wire.dialects.anthropic_messages import UPSTREAM as ANTHROPIC
from sealink.wire.dialects.bedrock_converse import UPSTREAM as BEDROCK
from sealink.wire.dialects.cohere_chat import UPSTREAM as COHERE
from sealink.wire.dialects.gemini_generate import UPSTREAM as GEMINI
from sealink.wire.dialects.openai_chat import UPSTREAM
from sealink.wire.dialects.openai_responses import UPSTREAM as RESPONSES
from sealink.wire.stream.fold import fold
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator
from wire.anthropic_line import stock_client as anthropic_client
from wire.openai_chat_line import QUESTION, chunk, frames, relayed, said, stock_client
from wire.pairs import BIRTH, dialect_of, head_of
from wire.upstream_line import read_stream

Piece = dict[str, Any]


class Call(NamedTuple):
    name: str
    arguments: Any


def piece(
    name: str | None = None, arguments: Any = None, id: str | None = None, index: int | None = 0, **more: Any
) -> Piece:
    """A delta of a call; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    fields = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return {**fields, **({"function": function} if function else {}), **more}


def delta(*pieces: Piece) -> dict[str, Any]:
    return chunk({"tool_calls": list(pieces)})


LAST: Final = chunk(finish="tool_calls")
USAGE: Final = {**chunk(), "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
F_OF_1: Final = [Call("f", {"x": 1})]
TWO: Final = [Call("f", {"x": 1}), Call("f", {"x": 2})]

STREAMS: Final[dict[str, tuple[list[dict[str, Any]], list[Call]]]] = {
    "a new id each": (
        [delta(piece("f", "", "a")), delta(piece(None, '{"x":', "b")), delta(piece(None, "1}", "c")), LAST],
        F_OF_1,
    ),
    "a new id each, without an index": (
        [delta(piece("f", "", "a", None)), delta(piece(None, '{"x":', "b", None)), delta(piece(None, "1}", "c", None))],
        F_OF_1,
    ),
    "a new id and an empty name each": (
        [delta(piece("f", "", "a")), delta(piece("", '{"x":', "b")), delta(piece("", "1}", "c")), LAST],
        F_OF_1,
    ),
    "a new id and the same name each": (
        [delta(piece("f", '{"x":', "a")), delta(piece("f", "1", "b")), delta(piece("f", "}", "c")), LAST],
        F_OF_1,
    ),
    "a new id and the same name each, without an index": (
        [delta(piece("f", '{"x":', "a", None)), delta(piece("f", "1}", "b", None)), LAST],
        F_OF_1,
    ),
    "arguments before the name": ([delta(piece(None, '{"x":', "a")), delta(piece("f", "1}")), LAST], F_OF_1),
    "arguments before the name, without an index": (
        [delta(piece(None, '{"x":', "a", None)), delta(piece("f", "1}", "a", None)), LAST],
        F_OF_1,
    ),
    "all arguments before the name": (
        [delta(piece(None, '{"x":', "a")), delta(piece(None, "1}")), delta(piece("f")), LAST],
        F_OF_1,
    ),
    "the name behind the finish reason": ([delta(piece(None, '{"x":1}', "a")), LAST, delta(piece("f"))], F_OF_1),
    "arguments behind the finish reason": (
        [delta(piece("f", '{"x":', "a")), LAST, delta(piece(None, "1}"))],
        F_OF_1,
    ),
    "arguments behind the usage": (
        [delta(piece("f", '{"x":', "a")), LAST, USAGE, delta(piece(None, "1}"))],
        F_OF_1,
    ),
    "the name in pieces": (
        [delta(piece("get_", "", "a")), delta(piece("weather")), delta(piece(None, '{"x":1}')), LAST],
        [Call("get_weather", {"x": 1})],
    ),
    "the name in pieces, the last with arguments": (
        [delta(piece("get_", "", "a")), delta(piece("weather", '{"x":1}', "a")), LAST],
        [Call("get_weather", {"x": 1})],
    ),
    "the id last": ([delta(piece("f")), delta(piece(None, '{"x":1}', "late")), LAST], F_OF_1),
    "nothing but a name": ([delta(piece("f", index=0)), LAST], [Call("f", None)]),
    "nothing but a name, and no finish reason": ([delta(piece("f", index=0))], [Call("f", None)]),
    "pieces of two calls in turn": (
        [
            delta(piece("f", "", "a", 0), piece("f", "", "b", 1)),
            delta(piece(None, '{"x":', None, 1)),
            delta(piece(None, '{"x":', None, 0)),
            delta(piece(None, "1}", None, 0), piece(None, "2}", None, 1)),
            LAST,
        ],
        TWO,
    ),
    "the second call's name before the first's": (
        [
            delta(piece(None, '{"x":', "a", 0)),
            delta(piece("f", '{"x":2}', "b", 1)),
            delta(piece("f", "1}", None, 0)),
            LAST,
        ],
        [TWO[1], TWO[0]],
    ),
    "one id for both": (
        [delta(piece("f", '{"x":1}', "a", 0)), delta(piece("f", '{"x":2}', "a", 1)), LAST],
        TWO,
    ),
    "one id for both in one chunk without an index": (
        [delta(piece("f", '{"x":1}', "a", None), piece("f", '{"x":2}', "a", None)), LAST],
        TWO,
    ),
    "one id and one index for both": (
        [delta(piece("f", '{"x":1}', "a")), delta(piece("f", '{"x":2}', "a")), LAST],
        TWO,
    ),
    "one id for both, whose arguments come apart": (
        [
            delta(piece("f", "", "a", 0)),
            delta(piece(None, '{"x":1}', "a", 0)),
            delta(piece("f", "", "a", 1)),
            delta(piece(None, '{"x":2}', "a", 1)),
            LAST,
        ],
        TWO,
    ),
    "one index, an id for each": (
        [delta(piece("f", "", "a")), delta(piece(None, '{"x":1}')), delta(piece("f", '{"x":2}', "b")), LAST],
        TWO,
    ),
    "an id alone": ([delta(piece(id="a")), delta(piece("f", '{"x":1}')), LAST], F_OF_1),
    "an id that looks like one made up": (
        [delta(piece("f", '{"x":1}', None, 0), piece("f", '{"x":2}', "call_chatcmpl-1_0", 1)), LAST],
        TWO,
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_openais_own_sdk_reads_the_calls(name: str) -> None:
    chunks, calls = STREAMS[name]
    out, outcome = relayed([frames(*chunks)])
    assert outcome.error is None
    choice = read(stock_client(lambda: (200, out)), {"model": "m", "messages": QUESTION, "stream": True}).choices[0]
    assert [Call(call.name, call.arguments or None) for call in choice.tool_calls] == calls
    ids = [call.id for call in choice.tool_calls]
    assert len(set(ids)) == len(calls)
    assert all(ids)


@pytest.mark.parametrize("name", STREAMS)
def test_other_clients_are_told_the_same_calls(name: str) -> None:
    chunks, calls = STREAMS[name]
    blocks = fold(read_stream(UPSTREAM, [frames(*chunks)])).choices[0].blocks
    assert [Call(block.name, json.loads(block.text or "null")) for block in blocks] == calls
    assert len({block.id for block in blocks}) == len(calls)


def read_by(client: str, chunks: list[dict[str, Any]]) -> Reading:
    """What the stock SDK of another API than OpenAI's chat is told."""
    lane = translating_lane_of(client)
    body = lane.feed(frames(*chunks)) + lane.close(None)
    if client == "messages":
        asked = {"model": "m", "max_tokens": 9, "messages": QUESTION, "stream": True}
        return stock_messages.read(anthropic_client(lambda: (200, body)), asked)
    return stock_responses.read(stock_client(lambda: (200, body)), {"model": "m", "input": "?", "stream": True})


def translating_lane_of(client: str) -> Lane:
    dialect = dialect_of(client)
    encoder = dialect.encoder(dialect.parse_request(head_of(client, stream=True)), BIRTH)
    return Lane(UPSTREAM.framer(), Translator(UPSTREAM.decoder(), encoder))


@pytest.mark.parametrize("client", ["messages", "responses"])
@pytest.mark.parametrize("name", STREAMS)
def test_the_sdks_of_other_clients_read_the_calls(name: str, client: str) -> None:
    chunks, calls = STREAMS[name]
    reading = read_by(client, chunks)
    assert reading.failure is None
    told = reading.choices[0].tool_calls
    assert [Call(call.name, call.arguments or None) for call in told] == calls
    assert len({call.id for call in told}) == len(calls)


@pytest.mark.parametrize("name", STREAMS)
def test_a_call_begins_with_its_name_and_has_it_once(name: str) -> None:
    """Other SDKs than OpenAI's want the name, and the id, in a call's first delta: github.com/vercel/ai does."""
    out, _ = relayed([frames(*STREAMS[name][0])])
    begun = set()
    for told in said(out):
        for entry in told["choices"]:
            for call in entry["delta"].get("tool_calls", ()):
                is_first = call["index"] not in begun
                assert ("id" in call) == is_first
                assert not is_first or call["function"]["name"]
                assert call["index"] <= len(begun)
                begun.add(call["index"])


def test_the_first_id_stays() -> None:
    first, *_ = STREAMS["a new id each"][0][0]["choices"][0]["delta"]["tool_calls"]
    blocks = fold(read_stream(UPSTREAM, [frames(*STREAMS["a new id each"][0])])).choices[0].blocks
    assert [block.id for block in blocks] == [first["id"]]


def test_an_id_that_comes_with_the_arguments_is_kept() -> None:
    out, _ = relayed([frames(*STREAMS["the id last"][0])])
    assert b'"id":"late"' in out


@pytest.mark.parametrize("end", [[LAST], []])
def test_a_call_whose_name_never_comes_is_an_error(end: list[dict[str, Any]]) -> None:
    out, outcome = relayed([frames(delta(piece(None, "{}", "a")), *end)])
    assert isinstance(outcome.error, UpstreamError)
    assert outcome.error.code == "upstream_malformed"
    assert out.count(b'"error"') == 1


def test_a_stream_of_openais_shape_is_not_held_back() -> None:
    """Every frame goes out at once, as it came."""
    chunks = [chunk({"role": "assistant", "content": None}), delta(piece("f", "", "a", type="function"))]
    chunks += [delta(piece(None, '{"x":')), delta(piece(None, "1}")), LAST]
    for number in range(1, len(chunks)):
        sent = frames(*chunks[:number], done=False)
        assert relayed([sent])[0].startswith(sent)


def test_the_old_function_call_in_pieces() -> None:
    parts = [{"arguments": '{"x":'}, {"name": "f", "arguments": ""}, {"arguments": "1}"}]
    chunks = [chunk({"function_call": part}) for part in parts]
    (block,) = fold(read_stream(UPSTREAM, [frames(*chunks, chunk(finish="function_call"))])).choices[0].blocks
    assert Call(block.name, json.loads(block.text)) == F_OF_1[0]


ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "openai": {
        "id": "1",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "same", "type": "function", "function": {"name": "f", "arguments": f'{{"x":{x}}}'}}
                        for x in (1, 2)
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
    },
    "anthropic": {
        "id": "1",
        "content": [{"type": "tool_use", "id": "same", "name": "f", "input": {"x": x}} for x in (1, 2)],
        "stop_reason": "tool_use",
    },
    "responses": {
        "id": "1",
        "status": "completed",
        "output": [
            {"type": "function_call", "id": f"fc_{x}", "call_id": "same", "name": "f", "arguments": f'{{"x":{x}}}'}
            for x in (1, 2)
        ],
    },
    "bedrock": {
        "output": {
            "message": {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "same", "name": "f", "input": {"x": x}}} for x in (1, 2)],
            }
        },
        "stopReason": "tool_use",
    },
    "gemini": {
        "candidates": [
            {
                "content": {"parts": [{"functionCall": {"id": "same", "name": "f", "args": {"x": x}}} for x in (1, 2)]},
                "finishReason": "STOP",
            }
        ]
    },
    "cohere": {
        "id": "1",
        "finish_reason": "TOOL_CALL",
        "message": {
            "role": "assistant",
            "tool_calls": [
                {"id": "same", "type": "function", "function": {"name": "f", "arguments": f'{{"x":{x}}}'}}
                for x in (1, 2)
            ],
        },
    },
}


UPSTREAMS: Final = {each.name: each for each in (ANTHROPIC, BEDROCK, COHERE, GEMINI, UPSTREAM, RESPONSES)}


@pytest.mark.parametrize("upstream", ANSWERS)
def test_whole_answers_of_every_dialect_have_unique_ids(upstream: str) -> None:
    body = json.dumps(ANSWERS[upstream]).encode()
    blocks = fold(UPSTREAMS[upstream].decode_whole(body)).choices[0].blocks
    assert [Call(block.name, json.loads(block.text)) for block in blocks] == TWO
    assert blocks[0].id == "same"
    assert blocks[1].id != "same"


def test_a_whole_answer_for_openais_clients_has_unique_ids() -> None:
    out, _ = UPSTREAM.passthrough_whole(json.dumps(ANSWERS["openai"]).encode())
    first, second = json.loads(out)["choices"][0]["message"]["tool_calls"]
    assert (first["id"], second["id"]) == ("same", "same_2")
