"""What `sealink bench` measures, against servers on loopback that do as the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from sealink.benchmark.measurement import Endpoint, Measurement, Plan, measure
from sealink.benchmark.model_list import models_in
from sealink.benchmark.summary import Quantiles, histogram, quantiles, summary
from sealink.benchmark.terminal import chart, run
from sealink.errors import SealinkError
from sealink.net.message import Request, Responder
from sealink.net.server import Server, ServerLimits

Handler = Callable[[Request, Responder], Coroutine[Any, Any, None]]
PLAN = Plan(requests=3, concurrency=2, prompt="Hi.", max_tokens=7, timeout_s=20)
SSE = [("content-type", "text/event-stream")]


def frame(**chunk: object) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def text(content: str) -> bytes:
    return frame(choices=[{"index": 0, "delta": {"content": content}}])


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Endpoint]:
    server = Server(
        handler, limits=ServerLimits(), check_head=lambda _: 10**6, error_response=lambda error, _: ([], b"{}")
    )
    ((host, port),) = await server.start("127.0.0.1", 0)
    try:
        yield Endpoint(f"http://{host}:{port}/v1", "sk-test", "m")
    finally:
        await server.stop(0)


def measured(handler: Handler, plan: Plan = PLAN) -> list[Measurement]:
    async def scenario() -> list[Measurement]:
        async with serving(handler) as endpoint:
            seen: list[Measurement] = []
            found = await measure([endpoint], plan, lambda _, one: seen.append(one))
            assert found[endpoint] == seen
            return seen

    return asyncio.run(scenario())


STOP = frame(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])


def answering(*frames: bytes, status: int = 200) -> Handler:
    async def handler(request: Request, responder: Responder) -> None:
        body = json.loads(request.body)
        assert request.path == "/v1/chat/completions"
        assert request.headers["authorization"] == "Bearer sk-test"
        assert (body["model"], body["max_tokens"], body["stream_options"]) == ("m", 7, {"include_usage": True})
        responder.start(status, SSE)
        for each in frames:
            responder.write(each)
        responder.finish()

    return handler


def test_a_whole_stream() -> None:
    usage = frame(choices=[], usage={"completion_tokens": 40})
    for one in measured(
        answering(frame(choices=[{"delta": {"role": "assistant"}}]), text("a"), text("b"), STOP, usage)
    ):
        assert one.error is None
        assert one.ttft_s is not None
        assert 0 < one.ttft_s <= one.duration_s
        assert (one.tokens, len(one.gaps_s)) == (40, 1)


def test_without_usage_the_pieces_are_counted() -> None:
    assert [one.tokens for one in measured(answering(text("a"), text("b"), text("c"), STOP))] == [3, 3, 3]


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering(frame(error={"message": "No more."}), status=429), "No more."),
        (answering(text("a"), frame(error={"message": "Broken off."})), "Broken off."),
        (answering(text("a"), b"data: [DONE]\n\n"), "The stream ended without a finish reason."),
        (answering(text("a"), b"data: [1]\n\n"), "A chunk of the stream is not a JSON object"),
        (answering(text("a"), frame(choices=[None])), "is not a JSON object of a chat completion"),
        (answering(text("a"), frame(choices=[], usage=[7])), "The stream ended without a finish reason."),
    ],
    ids=["status", "error frame", "cut", "not an object", "no choice", "no usage"],
)
def test_an_error_is_part_of_what_is_measured(handler: Handler, words: str) -> None:
    for one in measured(handler):
        assert one.error is not None
        assert words in one.error


def test_a_stream_that_takes_too_long() -> None:
    async def silent(request: Request, responder: Responder) -> None:
        responder.start(200, SSE, text("a"))
        await asyncio.Event().wait()

    plan = Plan(requests=1, concurrency=1, prompt="", max_tokens=7, timeout_s=0.2)
    (one,) = measured(silent, plan)
    assert one.error == "not done after 0.2 s"
    assert one.ttft_s is not None


def test_no_more_streams_at_a_time_than_planned() -> None:
    under_way = most = 0

    async def counting(request: Request, responder: Responder) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        responder.start(200, SSE, text("a"))
        under_way -= 1
        responder.finish()

    assert len(measured(counting, Plan(requests=7, concurrency=3, prompt="", max_tokens=7))) == 7
    assert most <= 3


def test_a_summary() -> None:
    whole = [Measurement(ttft_s=n / 10, duration_s=n / 10 + 2, gaps_s=[0.1, n / 100], tokens=21) for n in range(1, 11)]
    found = summary([*whole, Measurement(error="x"), Measurement(error="x"), Measurement(error="y")])
    assert (found.streams, found.errors) == (13, {"x": 2, "y": 1})
    assert found.ttft_s == Quantiles(0.6, 1.0, 1.0)
    assert found.tokens_per_s is not None
    assert found.tokens_per_s.p50 == pytest.approx(10)
    assert found.longest_gap_s == Quantiles(0.1, 0.1, 0.1)


def test_of_nothing_there_are_no_quantiles() -> None:
    assert quantiles([None, None]) is None
    assert summary([]).ttft_s is None


def test_bars() -> None:
    assert histogram([0.0, 0.1, 0.9, 1.0], 2) == [2, 2]
    bars = chart([0.5] * 8 + [1.0], 1.0)
    assert len(bars) == 40
    assert (bars[20], bars[-1]) == ("█", "▁")


def test_two_models_of_one_address_are_shown_beside_one_another_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    async def refusing(request: Request, responder: Responder) -> None:
        name = json.loads(request.body)["model"]
        responder.send(404, [("content-type", "application/json")], json.dumps({"error": {"message": name}}).encode())

    async def scenario() -> None:
        async with serving(refusing) as endpoint:
            wanted = [(endpoint.url, "sk-test", model) for model in ("[/a]", "\x1b[2Jb")]
            await run(wanted, PLAN, as_json=False)

    asyncio.run(scenario())
    shown = capsys.readouterr().out
    assert "3 failed: [/a]" in shown
    assert "3 failed: \ufffd[2Jb" in shown
    assert "\x1b[2J" not in shown


@pytest.mark.parametrize(
    ("listed", "words"),
    [(None, "has not answered within 1 s"), (b"[]", "lists no model"), (b'{"data":[]}', "lists no model")],
)
def test_without_a_model_it_is_asked_for_one(listed: bytes | None, words: str) -> None:
    async def listing(request: Request, responder: Responder) -> None:
        assert (request.method, request.path) == ("GET", "/v1/models")
        if listed is None:
            await asyncio.Event().wait()
        else:
            responder.send(200, [("content-type", "application/json")], listed)

    async def scenario() -> None:
        async with serving(listing) as endpoint:
            await run([(endpoint.url, "", "")], msgspec.structs.replace(PLAN, timeout_s=1), as_json=False)

    with pytest.raises(SealinkError, match=words):
        asyncio.run(scenario())


def test_the_simulated_model_is_the_first_of_a_list() -> None:
    assert models_in(b'{"data":[{"id":"a"},{"id":"sealink/sim"},{"id":"b"}]}') == ["sealink/sim", "a", "b"]
