"""What OpenAI and those who speak its Responses API really sent, next to what OpenAI's own SDK made of it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recordings import Case
from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import Event, StreamEnd, StreamError
from sealink.wire.dialects.openai_responses import CLIENT, UPSTREAM
from sealink.wire.stream.fold import Answer, fold
from wire.openai_responses_grammar import complaints
from wire.responses_stream import IDENTITY, REQUEST, decoded, frames_of, passed_through, sdk_response, translated

API = "openai-responses"
MENDED = {
    "bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539",
    "chatgpt-codex/rig-parallel_tool_calls_single_turn_nonstreaming-f554d0",
    "chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47",
    "chatgpt-codex/rig-usage_accumulates_across_streaming_multi_turn-1-86b853",
    "github-copilot/rig-reasoning_roundtrip-streaming-fa04f6",
}
"""Streams that OpenAI's SDK cannot read as they are, or reads as empty."""

OTHER_IDS = {"github-copilot/rig-reasoning_roundtrip-streaming-fa04f6"}
"""Streams whose last event has another id than the first; the first one counts."""

COMMENT = re.compile(rb"^:[^\n]*\n\n", re.MULTILINE)
DONE = b"data: [DONE]\n\n"

REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
SPLITS = 20
CUTS = 60


@pytest.fixture(scope="module")
def wholes(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.kind == "json"]


def test_every_stream_reads_as_the_sdk_reads_it(streams: list[Case]) -> None:
    judge("streams", streams, lambda case: decoded([case.body]))


def test_every_whole_response_reads_as_the_sdk_reads_it(wholes: list[Case]) -> None:
    judge("whole responses", wholes, lambda case: UPSTREAM.decode_whole(case.body))


def test_what_comes_out_again_reads_the_same(streams: list[Case]) -> None:
    """As if a Responses client stood behind another dialect: every stream decoded, encoded, and decoded again."""
    judge("streams told anew", streams, lambda case: decoded([translated([case.body], UPSTREAM)[0]]), told_anew=True)


def test_whole_responses_that_come_out_again_read_the_same(wholes: list[Case]) -> None:
    def again(case: Case) -> list[Event]:
        return UPSTREAM.decode_whole(CLIENT.whole(REQUEST, UPSTREAM.decode_whole(case.body), IDENTITY))

    judge("whole responses told anew", wholes, again, told_anew=True)


def test_every_error_keeps_its_words_and_its_status(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        read = UPSTREAM.read_error(case.meta["status"], list(case.meta["response_headers"].items()), case.body)
        assert isinstance(read, UpstreamRejected)
        body = json.loads(case.body)
        error = body.get("error", body)
        words = error if isinstance(error, str) else error.get("message") or error["detail"]
        assert (read.status, read.message, read.body) == (case.meta["status"], words, case.body), case.id
        if isinstance(error, dict) and "message" in error:
            assert CLIENT.error_body(read, "") == case.body, case.id
            assert (read.code, read.param, read.type) == (error["code"], error["param"], error["type"]), case.id
    print(f"openai-responses errors: {len(errors)} of {len(errors)}")


def test_a_relayed_stream_is_the_upstreams_own_bytes(streams: list[Case]) -> None:
    """But for comments, which are one byte and no frame, and what comes after the end."""
    changed = set()
    for case in streams:
        out, lane = passed_through([case.body])
        if out != COMMENT.sub(b":\n", case.body).replace(DONE, b""):
            changed.add(case.id)
        if lane.outcome.error is None:
            assert lane.outcome.complete, case.id
            assert lane.outcome.usage == fold(decoded([case.body])).usage, case.id
    print(f"openai-responses passed_through byte for byte: {len(streams) - len(changed)} of {len(streams)}")
    assert changed == MENDED & {case.id for case in streams}


def test_a_relayed_response_is_the_upstreams_own_bytes(wholes: list[Case]) -> None:
    for case in wholes:
        body, outcome = UPSTREAM.passthrough_whole(case.body)
        assert body == case.body
        assert (outcome.complete, outcome.usage) == (True, fold(UPSTREAM.decode_whole(case.body)).usage), case.id


def test_the_sdk_reads_every_relayed_stream_to_its_end(streams: list[Case]) -> None:
    for case in streams:
        response = sdk_response(passed_through([case.body])[0])
        if case.expected["finish_reason"] == "completed":
            assert response is not None, case.id
            assert response.output_text == case.expected["text"], case.id
            calls = [item for item in response.output if item.type in ("function_call", "custom_tool_call")]
            assert len(calls) == len(case.expected["tool_calls"]), case.id


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # vendors' own values, where the SDK names a few
def test_the_sdk_cannot_read_what_is_mended_as_it_came(streams: list[Case]) -> None:
    """Each mend has a recording that fails without it."""
    for case in streams:
        try:
            response = sdk_response(case.body)
            broken = response is not None and not response.output
        except (IndexError, RuntimeError):
            broken = True
        assert broken == (case.id in MENDED), case.id


def test_streams_come_out_the_same_however_they_are_split(swept: list[Case]) -> None:
    for case in swept:
        through, anew = passed_through([case.body])[0], translated([case.body], UPSTREAM)[0]
        for cut in sampled(len(case.body), SPLITS):
            halves = [case.body[:cut], case.body[cut:]]
            assert passed_through(halves)[0] == through, f"{case.id} split at {cut}"
            assert translated(halves, UPSTREAM)[0] == anew, f"{case.id} split at {cut}"


def test_streams_come_out_the_same_byte_by_byte(swept: list[Case]) -> None:
    for case in swept:
        if len(case.body) < 16_000:
            bytewise = [case.body[at : at + 1] for at in range(len(case.body))]
            assert passed_through(bytewise)[0] == passed_through([case.body])[0], case.id


def test_a_stream_that_is_cut_ends_in_one_failure(swept: list[Case]) -> None:
    for case in swept:
        last = case.body.rstrip(b"\n").removesuffix(b"data: [DONE]").rstrip(b"\n").rfind(b"\n\n")
        for cut in sampled(last, CUTS):
            for out, lane in (passed_through([case.body[:cut]]), translated([case.body[:cut]], UPSTREAM)):
                types = [event["type"] for event in frames_of(out)]
                assert types.count("response.failed") == 1, f"{case.id} cut at {cut}"
                assert types[-1] == "response.failed"
                assert not {"response.completed", "response.incomplete"} & set(types)
                assert isinstance(lane.outcome.error, UpstreamError)
            assert not complaints(out), f"{case.id} cut at {cut}"


def judge(what: str, cases: list[Case], read: Callable[[Case], list[Event]], *, told_anew: bool = False) -> None:
    wrong = {case.id: why for case in cases if (why := list(faults(case, read(case), told_anew=told_anew)))}
    print(f"openai-responses {what}: {len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong


def faults(case: Case, events: list[Event], *, told_anew: bool) -> Iterator[str]:
    """Where an answer is not what the SDK made of it."""
    expected = case.expected
    if expected["finish_reason"] == "failed":
        error = events[-1]
        if not isinstance(error, StreamError) or error.error.message != expected["error"]["message"]:
            yield f"{error} is not its failure"
        return
    answer = fold(events)
    for name, (wanted, found) in compared(case, answer).items():
        if wanted != found and not (told_anew and name == "raw finish"):
            yield f"{name}: {found!r} is not {wanted!r}"
    if not isinstance(events[-1], StreamEnd):
        yield "it has no end"


def compared(case: Case, answer: Answer) -> dict[str, tuple[Any, Any]]:
    expected, choice, usage = case.expected, answer.choices[0], answer.usage
    assert choice.finish is not None
    assert usage is not None
    word = expected.get("incomplete_reason") or expected["finish_reason"]
    counted, details = expected["usage"], expected["usage"]["input_tokens_details"]
    calls = [block for block in choice.blocks if block.kind in ("tool_call", "custom_tool_call")]
    return {
        "id": (answer.id if case.id in OTHER_IDS else expected["id"], answer.id),
        "model": (expected["model"], answer.model),
        "text": (expected["text"], choice.text("text")),
        "reasoning": (expected["reasoning"], choice.text("reasoning")),
        "refusal": (expected.get("refusal", ""), choice.text("refusal")),
        "calls": ([call_of(call) for call in expected["tool_calls"]], [(c.id, c.name, c.text, c.kind) for c in calls]),
        "citations": (expected.get("citations", 0), sum(len(block.citations) for block in choice.blocks)),
        "finish": (REASONS.get(word, "tool_calls" if calls else "stop"), choice.finish.reason),
        "raw finish": (word, choice.finish.raw_reason),
        "input": (counted["input_tokens"], usage.input_tokens),
        "output": (counted["output_tokens"], usage.output_tokens),
        "cached": (details["cached_tokens"] or 0, usage.cached_read_tokens),
        "reasoned": (counted["output_tokens_details"]["reasoning_tokens"] or 0, usage.reasoning_tokens),
        "encrypted": (expected.get("encrypted_reasoning", False), any(map(is_encrypted, choice.blocks))),
        "log probabilities": (expected.get("logprob_tokens", 0), sum(map(weighed, choice.blocks))),
    }


def is_encrypted(block: Any) -> bool:
    """A signature of more than an id."""
    return bool(block.signature) and not block.signature.endswith(":")


def weighed(block: Any) -> int:
    return sum(len(json.loads(tokens)) for tokens in block.logprobs)


def call_of(call: dict[str, Any]) -> tuple[str, str, str, str]:
    if call.get("custom"):
        return call["id"], call["name"], call["input"], "custom_tool_call"
    return call["id"], call["name"], call["arguments_raw"], "tool_call"


def sampled(size: int, samples: int) -> range:
    return range(1, size, max(1, size // samples))
