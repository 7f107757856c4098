"""What OpenAI and those who call themselves compatible really sent, next to what OpenAI's own SDK made of it."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from acceptance.expectations import expected_reading
from acceptance.readings import Reading, differences
from acceptance.stock_chat import read
from recordings import Case, sampled
from sealink.errors import UpstreamError, UpstreamRejected
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.lane import Lane
from wire.openai_chat_grammar import complaints
from wire.openai_chat_line import QUESTION, lane_of, relayed, said, stock_client, stream_head

API = "openai-chat"
SAMPLED_ABOVE_BYTES = 8000
SAMPLES = 30
SAMPLES_THROUGH_THE_LANE = 20
CUTS = 30

BETTER_THAN_THE_SDK = {
    "gemini-openai/vercel-ai-anthropic-fallback-tool-call-ecd02b": "its call has index 1: the SDK's helper gives up",
    "mistral/openinference-ing_chat_completions_with_tool_call_response_emits_expected_spans-true-b157c9": "no index",
    "openrouter/pydantic-ai-openrouter_web_search_annotations_stream-d063e9": "annotations without an index",
    "openrouter/req_llm-qwen_qwen3_next_80b_a3b_thinking-reasoning_streaming-b46698": "logprobs are a number",
    "writer/openllmetry-writer_async_streaming_chat_multiple_tool_call_requests_legacy-67b0af": "`type` null",
    "writer/openllmetry-writer_async_streaming_chat_tool_call_request_legacy-dc37ec": "`type` null",
    "azure/dd-trace-py-azure_chat_completion_streamed-07d54c": "a choice without a delta",
}
"""Cases on which the stock SDK's accumulator raises when it reads the vendor directly."""


def choices_of(case: Case) -> int:
    return (case.request or {}).get("n") or 1


def through(case: Case, *, include_usage: bool = True) -> bytes:
    return relayed([case.body], include_usage=include_usage, choices=choices_of(case))[0]


def judge(cases: list[Case], faults: Callable[[Case], list[str]], report: Callable[[str], None] = print) -> None:
    wrong = {case.id: found for case in cases if (found := faults(case))}
    report(f"{len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


def reading_of(status: int, body: bytes, **request: Any) -> Reading:
    return read(stock_client(lambda: (status, body)), {"model": "m", "messages": QUESTION, **request})


@pytest.mark.parametrize("include_usage", [pytest.param(True, marks=pytest.mark.full), False])
def test_every_stream_reads_in_the_stock_sdk_as_recorded(streams: list[Case], include_usage: bool) -> None:
    def faults(case: Case) -> list[str]:
        expected = expected_reading(case)
        if not include_usage:
            expected.tokens = expected.usage = None
        return differences(expected, reading_of(200, through(case, include_usage=include_usage), stream=True))

    judge(streams, faults)


@pytest.mark.parametrize("include_usage", [True, False])
def test_every_stream_keeps_to_the_grammar(streams: list[Case], include_usage: bool) -> None:
    judge(streams, lambda case: complaints(through(case, include_usage=include_usage), include_usage=include_usage))


def test_the_stock_sdks_accumulator_takes_every_stream(streams: list[Case], full: bool) -> None:
    from openai.lib.streaming.chat import ChatCompletionStreamState

    def faults(case: Case) -> list[str]:
        client, state = stock_client(lambda: (200, through(case))), ChatCompletionStreamState()
        try:
            for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
                state.handle_chunk(chunk)
        except (AttributeError, AssertionError, IndexError, RuntimeError, TypeError) as error:
            return [repr(error)]
        return []

    judge([case for case in (streams if full else sampled(streams)) if "sdk_error" not in case.expected], faults)


def test_it_takes_some_that_it_cannot_take_from_the_vendor(streams: list[Case]) -> None:
    raised = {case.id for case in streams if not case.expected.get("stream_helper", {"ok": True})["ok"]}
    assert BETTER_THAN_THE_SDK.keys() & {case.id for case in streams} <= raised


def test_a_stream_of_openais_own_shape_goes_through_byte_for_byte(streams: list[Case]) -> None:
    own = [case for case in streams if not complaints(case.body, include_usage=True)]
    judge(own, lambda case: [] if through(case) == case.body else ["not the upstream's bytes"])
    assert {case.id for case in own} >= {case.id for case in streams if case.id.startswith("openai-chat/")}


def test_a_stream_without_any_usage_goes_through_to_a_client_that_did_not_ask(streams: list[Case]) -> None:
    own = [case for case in streams if not complaints(case.body, include_usage=False)]
    judge(own, lambda case: [] if through(case, include_usage=False) == case.body else ["not the upstream's bytes"])


def test_an_untouched_frame_is_the_very_object(streams: list[Case]) -> None:
    for case in (case for case in streams if not complaints(case.body, include_usage=True)):
        relay = UPSTREAM.passthrough(stream_head(include_usage=True, choices=choices_of(case)))
        frames = list(UPSTREAM.framer().feed(case.body))
        same = sum(relay.handle(frame) is frame.raw for frame in frames)
        assert same >= len(frames) - 3, case.id  # but [DONE], a chunk held back and the one behind it


def test_every_frame_goes_out_as_it_comes_in(streams: list[Case]) -> None:
    """Nothing is held back but a chunk that has content and a finish reason at once."""
    for case in (case for case in streams if case.id.startswith("openai-chat/")):
        lane = lane_of(stream_head(include_usage=True, choices=choices_of(case)))
        for frame in UPSTREAM.framer().feed(case.body):
            assert lane.feed(frame.raw) == frame.raw, case.id


def test_usage_is_learned_whether_or_not_it_was_asked_for(streams: list[Case]) -> None:
    def faults(case: Case) -> list[str]:
        expected = case.expected.get("partial", case.expected)
        usage = expected["usage"] or expected.get("x_groq_usage")
        for asked in (True, False):
            outcome = relayed([case.body], include_usage=asked, choices=choices_of(case))[1]
            if (outcome.usage and outcome.usage.input_tokens) != (usage and usage["prompt_tokens"]):
                return [f"{usage} was read as {outcome.usage}"]
            if outcome.usage and outcome.usage.output_tokens < usage["completion_tokens"]:
                return [f"{usage} was read as {outcome.usage}"]
        return []

    judge([case for case in streams if "sdk_error" not in case.expected], faults)


def frames_of(pieces: list[bytes]) -> list[Frame]:
    framer = UPSTREAM.framer()
    return [frame for piece in pieces for frame in framer.feed(piece)] + list(framer.close())


def some(of: range, number: int, seed: str) -> list[int]:
    return random.Random(seed).sample(of, number) if len(of) > number else list(of)


@pytest.mark.parametrize("quarter", range(4))
def test_where_the_network_cuts_a_stream_in_two_does_not_show(swept: list[Case], quarter: int) -> None:
    """The frames are all that the relay sees of a stream: the same frames are the same answer."""
    for case in swept[quarter::4]:
        whole = frames_of([case.body])
        everywhere = range(1, len(case.body))
        for at in everywhere if len(case.body) <= SAMPLED_ABOVE_BYTES else some(everywhere, SAMPLES, case.id):
            assert frames_of([case.body[:at], case.body[at:]]) == whole, (case.id, at)


@pytest.mark.parametrize("include_usage", [True, False])
def test_nor_does_it_behind_the_lane(swept: list[Case], include_usage: bool) -> None:
    for case in swept:
        whole = through(case, include_usage=include_usage)
        for at in some(range(1, len(case.body)), SAMPLES_THROUGH_THE_LANE, case.id):
            pieces = [case.body[:at], case.body[at:]]
            assert relayed(pieces, include_usage=include_usage, choices=choices_of(case))[0] == whole, (case.id, at)


def test_a_stream_that_comes_byte_by_byte_is_the_same(swept: list[Case]) -> None:
    for case in swept:
        bytes_ = [case.body[at : at + 1] for at in range(len(case.body))]
        assert relayed(bytes_, choices=choices_of(case))[0] == through(case), case.id


def cut(case: Case, at: int, cause: UpstreamError | None) -> tuple[bytes, Lane]:
    lane = lane_of(stream_head(include_usage=True, choices=choices_of(case)))
    return lane.feed(case.body[:at]) + lane.close(cause), lane


@pytest.mark.parametrize("cause", [None, UpstreamError("reset", code="upstream_reset")])
def test_a_stream_cut_anywhere_ends_in_one_error(swept: list[Case], cause: UpstreamError | None) -> None:
    """But for a cut behind the last finish reason: with no cause told, what has all its ends is whole."""
    for case in swept:
        for at in some(range(len(case.body)), CUTS, case.id):
            out, lane = cut(case, at, cause)
            chunks = said(out)
            ends = [*filter(None, ("error" if chunk.get("error") else None for chunk in chunks))]
            ends += [b"[DONE]"] * out.count(b"data: [DONE]\n\n")
            assert len(ends) == 1, (case.id, at)
            assert out.endswith(b"data: [DONE]\n\n") or chunks[-1].get("error"), (case.id, at)
            assert (ends == ["error"]) == (lane.outcome.error is not None), (case.id, at)
            assert out.startswith(b"data: {") or out.startswith(b":\n"), (case.id, at)
            if ends != ["error"]:
                assert not complaints(out, include_usage=True), (case.id, at)
            assert lane.feed(case.body[at:]) == b"" == lane.close(None)


def test_every_whole_answer_reads_in_the_stock_sdk_as_recorded(cases: list[Case]) -> None:
    whole = [case for case in cases if case.kind == "json"]

    def faults(case: Case) -> list[str]:
        body, outcome = UPSTREAM.passthrough_whole(case.body)
        assert outcome.complete
        return differences(expected_reading(case), reading_of(200, body))

    judge(whole, faults)


def test_a_whole_answer_of_openais_own_shape_goes_through_byte_for_byte(cases: list[Case]) -> None:
    own = [case for case in cases if case.kind == "json" and case.id.startswith(("openai-chat/", "azure/", "groq/"))]
    own = [case for case in own if b'"reasoning":' not in case.body and b'"finish_reason":' in case.body]
    judge(
        own, lambda case: [] if UPSTREAM.passthrough_whole(case.body)[0] == case.body else ["not the upstream's bytes"]
    )


def test_every_error_keeps_its_words_its_status_and_its_retry_headers(cases: list[Case]) -> None:
    def faults(case: Case) -> list[str]:
        status, headers = case.meta["status"], list(case.meta["response_headers"].items())
        error = UPSTREAM.read_error(status, headers, case.body)
        assert isinstance(error, UpstreamRejected)
        kept = {name for name, _ in headers if name.startswith(("retry-after", "x-ratelimit-"))}
        assert kept <= {name for name, _ in error.headers}
        body = CLIENT.error_body(error, "req_1")
        told = msgspec.json.decode(body)["error"]
        assert {"message", "type", "param", "code"} <= told.keys()
        assert told["message"]
        return differences(expected_reading(case), reading_of(error.status, body))

    judge([case for case in cases if case.kind == "error"], faults)
