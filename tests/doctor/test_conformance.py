"""The scorecard: SeaLink keeps all rules, and of a server that is wrong on purpose exactly its faults are told."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.sealink_process import KEY, SealinkProcess, simulated
from doctor.test_broken_ways import TOO_BUSY
from doctor.ways import Answers, Hangs, OneStream, Proxy, Rewrites, serving_proxy
from sealink.doctor.checks import completeness, usage
from sealink.doctor.conformance import models
from sealink.doctor.conformance.exchanges import LISTED, LISTED_FOR_MESSAGES
from sealink.doctor.conformance.rule import BEARER, CUT, PLAIN, TOOLS, USAGE, WHOLE, WRONG, Transcript
from sealink.doctor.conformance.scorecard import APIS, WAYS, Score, exit_code, judged, scores
from sealink.doctor.intermediaries import Way
from sealink.doctor.plan import Plan
from sealink.doctor.reception import Piece, Reception, parsed
from sealink.doctor.session import Session
from sealink.net.client import UpstreamPool

CHAT, MESSAGES, RESPONSES = "/chat/completions", "/messages", "/responses"
PLAN = Plan(
    paced=((10, 0.05), (50, 0.01)),
    compressible=((5, 0.05),),
    silence_s=3.0,
    after_silence=((1, 0.1),),
    leave_patience_s=2.0,
)
CONFIG = f"""
[heartbeat]
grace_s = 1
interval_s = 0.3
[[keys]]
name = "tests"
key = "{KEY}"
{simulated("sealink/sim", "simulated", ttft_s=0.01)}"""


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with SealinkProcess(CONFIG, tmp_path_factory.mktemp("conformance")) as running:
        yield running.url


async def scored(url: str, ways: Any, plan: Plan = PLAN) -> list[Score]:
    pool = UpstreamPool()
    try:
        session = Session(f"{url}/v1", KEY, plan, pool)
        await session.open("")
        return [score async for score in scores(session, ways)]
    finally:
        await pool.close()


def test_sealink_keeps_all_rules(sealink: str, report: Callable[[str], None]) -> None:
    found = asyncio.run(scored(sealink, WAYS))
    assert [score for score in found if score.outcome != "pass" and score.rule not in TOO_BUSY] == []
    assert exit_code(found) == 0
    assert {score.api for score in found} == {CHAT, MESSAGES, RESPONSES, "/models", "streams"}
    kept = sum(score.outcome == "pass" for score in found)
    report(f"conformance of SeaLink: {kept} of {len(found)} rules are kept")


FIELDS = (
    "type", "index", "id", "object", "created", "model", "choices", "delta", "role", "content", "tool_calls",
    "function", "arguments", "name", "finish_reason", "usage", "error", "message", "content_block", "stop_reason",
    "response", "output_index", "item", "data", "text", "sequence_number", "output_tokens", "code", "status",
)  # fmt: skip

Faults = set[tuple[str, str]]


class Fault:
    """A server that rewrites what SeaLink answers, and the rules that it breaks thereby."""

    def __init__(self, name: str, broken: Faults, **rewriting: Any) -> None:
        self.name, self.broken, self.rewriting = name, broken, rewriting

    def proxy(self, upstream: str, answers: Answers) -> Proxy:
        return Rewrites(upstream, answers=answers, **self.rewriting)


def asks_for_usage(body: bytes) -> bytes:
    fields = msgspec.json.decode(body)
    return msgspec.json.encode({**fields, "stream_options": {"include_usage": True}} if "stream" in fields else fields)


def streams(old: bytes, new: bytes, path: str = CHAT) -> dict[str, Any]:
    """Streams on a path with some bytes replaced."""
    return {"path": path, "stream": lambda data: re.sub(old, new, data)}


FAULTS = [
    Fault("ids", {(CHAT, "stray-lines")}, **streams(rb"(?m)^data: \{", rb"id: 7\ndata: {")),
    Fault("retries", {(CHAT, "stray-lines")}, **streams(rb"\Adata:", rb"retry: 3000\n\ndata:")),
    Fault("no [DONE]", {(CHAT, "done")}, **streams(rb"data: \[DONE\]\n\n", b"")),
    Fault("goes on after [DONE]", {(CHAT, "done")}, **streams(rb"(data: \[DONE\]\n\n)", rb"\1\1")),
    Fault("no role", {(CHAT, "role")}, **streams(rb'"role":"assistant",', b"")),
    Fault("null delta", {(CHAT, "deltas")}, **streams(rb'"delta":\{\}', b'"delta":null')),
    Fault("own finish reason", {(CHAT, "finish-reason")}, **streams(rb'"(stop|tool_calls)"\}', b'"end"}')),
    Fault("no finish reason", {(CHAT, "finish-reason")}, **streams(rb'"finish_reason":"\w+"', b'"finish_reason":null')),
    Fault("own object", {(CHAT, "chunks")}, **streams(rb"chat\.completion\.chunk", b"chunk")),
    Fault("event names", {(CHAT, "events")}, **streams(rb"\Adata: ", b"event: chunk\ndata: ")),
    Fault("broken JSON", {(CHAT, "json")}, **streams(rb"\A", b'data: {"id":\n\n')),
    Fault("usage nobody asked for", {(CHAT, "usage-unasked"), (CHAT, "choices")}, path=CHAT, asked=asks_for_usage),
    Fault("usage kept", {(CHAT, "usage")}, **streams(rb'data: \{[^\n]*"choices":\[\],[^\n]*\n\n', b"")),
    Fault("no call index", {(CHAT, "tool-index")}, **streams(rb'"tool_calls":\[\{"index":0,', b'"tool_calls":[{')),
    Fault(
        "call named again",
        {(CHAT, "tool-id-and-name")},
        **streams(rb'"function":\{"arguments":', b'"function":{"name":"","arguments":'),
    ),
    Fault("a cut that looks like an end", {(CHAT, "cut")}, **streams(rb'data: \{"error".*\n\n', rb"data: [DONE]\n\n")),
    Fault("text", {(CHAT, "content-type")}, path=CHAT, headers={"text/event-stream": "text/plain"}),
    Fault("no x-accel-buffering", {(CHAT, "unbuffered")}, path=CHAT, without=("x-accel-buffering",)),
    Fault("no x-request-id", {(CHAT, "request-id")}, path=CHAT, without=("x-request-id",)),
    Fault("errors with 200", {(CHAT, "errors")}, path=CHAT, statuses={400: 200}),
    Fault("errors of its own", {(RESPONSES, "errors")}, path=RESPONSES, wrong=b'{"detail":"wrong"}'),
    Fault("unfinished", {(MESSAGES, "order")}, **streams(rb"event: message_stop\n.*\n\n", b"", MESSAGES)),
    Fault("no event names", {(MESSAGES, "event-names")}, **streams(rb"event: .*\n", b"", MESSAGES)),
    Fault("blocks from 1", {(MESSAGES, "order")}, **streams(rb'"index":0', b'"index":1', MESSAGES)),
    Fault("no bearer tokens", {(MESSAGES, "bearer")}, path=MESSAGES, dropped=("authorization",)),
    Fault("own stop reason", {(MESSAGES, "stop-reason")}, **streams(rb'"end_turn"', b'"end"', MESSAGES)),
    Fault("OpenAI's errors", {(MESSAGES, "errors")}, path=MESSAGES, wrong=b'{"error":{"message":"wrong"}}'),
    Fault(
        "numbers", {(RESPONSES, "sequence")}, **streams(rb'"sequence_number":\d+', b'"sequence_number":1', RESPONSES)
    ),
    Fault(
        "never completed",
        {(RESPONSES, "order"), (RESPONSES, "completed")},
        **streams(rb"event: response\.completed\n.*\n\n", b"", RESPONSES),
    ),
    Fault(
        "lost text", {(RESPONSES, "texts"), (RESPONSES, "tools")}, **streams(rb'"delta":"\w', b'"delta":"', RESPONSES)
    ),
    Fault("one shape of models", {("/models", "list-for-messages")}, path="/models", dropped=("anthropic-version",)),
]


@pytest.fixture(scope="module")
def wrong(sealink: str) -> dict[str, Faults]:
    """The rules that each wrong server breaks."""

    answers: Answers = {}

    async def of(fault: Fault) -> Faults:
        async with serving_proxy(fault.proxy(sealink, answers)) as url:
            found = await scored(url, ())
        return {(score.api, score.rule) for score in found if score.outcome == "fault"}

    async def all_of_them() -> list[Faults]:
        return [await of(fault) for fault in FAULTS]

    return dict(zip([fault.name for fault in FAULTS], asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_of_a_wrong_server_exactly_its_faults(fault: Fault, wrong: dict[str, Faults]) -> None:
    assert wrong[fault.name] == fault.broken


def test_a_key_that_allows_one_stream(sealink: str) -> None:
    async def one_by_one() -> list[Score]:
        async with serving_proxy(OneStream(sealink)) as url:
            return await scored(url, ())

    assert exit_code(asyncio.run(one_by_one())) == 0


ONE_SECOND_EACH = Plan(answer_s=1.0)
ONE_SECOND_IN_ALL = Plan(conformance_limit_s=1.0)


@pytest.mark.parametrize(
    ("plan", "is_silent", "told"),
    [
        (ONE_SECOND_EACH, lambda body: b"get_weather" in body, {"answered": "fault", "tool-called": "not applicable"}),
        (ONE_SECOND_EACH, lambda body: b"Lisbon" in body, {"answered": "fault", "done": "not applicable"}),
        (ONE_SECOND_IN_ALL, lambda body: b"Lisbon" in body, {"judged": "not applicable"}),
    ],
    ids=["one exchange", "all", "in all"],
)
def test_an_endpoint_that_hangs(sealink: str, plan: Plan, is_silent: Any, told: dict[str, str]) -> None:
    """What waits for it in vain is one fault; rules that would look at it are not judged."""

    async def hanging() -> list[Score]:
        async with serving_proxy(Hangs(sealink, is_silent)) as url:
            return await scored(url, (), plan)

    found = asyncio.run(hanging())
    of_chat = {score.rule: score.outcome for score in found if score.api == CHAT}
    assert told.items() <= of_chat.items()
    assert {score.rule for score in found if score.outcome == "fault"} <= {"answered"}


def test_an_exchange_that_is_cut_off_before_its_answer_is_one_fault(sealink: str) -> None:
    async def cutting() -> list[Score]:
        async with serving_proxy(Hangs(sealink, lambda body: b"get_weather" in body, cut=True)) as url:
            return await scored(url, ())

    found = [score for score in asyncio.run(cutting()) if score.outcome == "fault"]
    assert {(score.api, score.rule) for score in found} == {(api, "answered") for api in (CHAT, MESSAGES, RESPONSES)}


def test_an_api_that_is_not_offered_is_no_fault(sealink: str) -> None:
    async def chat_only() -> list[Score]:
        async with serving_proxy(Rewrites(sealink, path=MESSAGES, statuses={200: 404, 400: 404})) as url:
            return await scored(url, ())

    found = asyncio.run(chat_only())
    assert exit_code(found) == 0
    assert [score.outcome for score in found if score.api == MESSAGES] == ["not applicable"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6)
bodies = st.lists(payloads.map(lambda payload: b"data: " + msgspec.json.encode(payload) + b"\n\n")).map(b"".join)


@given(body=bodies | bodies.map(lambda body: body[7:-2]) | st.binary(max_size=60))
def test_whatever_a_server_sends_is_judged(body: bytes) -> None:
    came = Reception(200, {"content-type": "text/event-stream"}, 0.0, [Piece(0.1, body)], 0.2)
    exchanges = (PLAIN, USAGE, TOOLS, CUT, WHOLE, WRONG, BEARER, LISTED, LISTED_FOR_MESSAGES)
    transcript = Transcript(dict.fromkeys(exchanges, came))
    rules = [*models.OPENAI_RULES, *models.ANTHROPIC_RULES, *(rule for api in APIS for rule in api.rules)]
    assert all(judged("", rule, transcript).rule == rule.name for rule in rules)


@given(body=bodies | st.binary(max_size=60))
def test_whatever_a_server_sends_is_examined(body: bytes) -> None:
    stream = parsed(Reception(200, {}, 0.0, [Piece(0.1, body)], 0.2))
    came = Reception(200, {}, 0.0, [Piece(0.1, body)], 0.2)
    assert completeness.verdict(completeness.Received(came, stream, 0), Way()).level == "failure"
    assert usage.verdict(stream, Way()).words
    assert stream.first_text_s in (None, 0.1)
