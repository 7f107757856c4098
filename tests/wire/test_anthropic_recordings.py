"""Recorded answers of Anthropic and other providers of its format, compared with what Anthropic's SDK reads in them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recordings import Case
from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import StreamEnd, StreamError
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.lane import Lane
from wire.anthropic_answer import Answer, comparable, fold, read_stream

API = "anthropic-messages"
SAMPLED_ABOVE_BYTES = 8000
SAMPLES = 200
CUTS = 300

DONE = b"event: data\ndata: [DONE]"
"""A gateway's own ending, after the dialect's."""

HEAD = RequestHead(model="m", stream=True, include_usage=False, task_type=None, fields={})

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def test_every_stream_reads_as_the_sdk_reads_it(streams: list[Case]) -> None:
    judge(streams, lambda case: fold(read_stream([case.body])))


def test_every_whole_message_reads_as_the_sdk_reads_it(cases: list[Case]) -> None:
    whole = [case for case in cases if case.kind == "json"]
    judge(whole, lambda case: fold(UPSTREAM.decode_whole(case.body)))


def test_every_error_keeps_its_words_its_status_and_its_retry_headers(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        read = UPSTREAM.read_error(case.meta["status"], list(case.meta["response_headers"].items()), case.body)
        assert isinstance(read, UpstreamRejected)
        expected = case.expected["error"]["body"]
        want = expected["error"] if isinstance(expected, dict) else {"message": expected}
        assert (read.status, read.message, read.body) == (case.meta["status"], want["message"], case.body), case.id
        assert read.code == want.get("type"), case.id
        assert {name: value for name, value in read.headers if name == "x-should-retry"} == {
            name: value for name, value in case.meta["response_headers"].items() if name == "x-should-retry"
        }, case.id
    print(f"anthropic-messages errors: {len(errors)} of {len(errors)}")


def test_streams_read_the_same_however_they_are_split(swept: list[Case]) -> None:
    """Frames are what the decoder sees of a stream: the same frames are the same events."""
    for case in swept:
        whole = frames_of([case.body])
        for cut in sampled(range(1, len(case.body)), SAMPLED_ABOVE_BYTES, SAMPLES):
            assert frames_of([case.body[:cut], case.body[cut:]]) == whole, f"{case.id} split at {cut}"


def test_streams_read_the_same_byte_by_byte(swept: list[Case]) -> None:
    for case in swept:
        if len(case.body) <= 4 * SAMPLED_ABOVE_BYTES:
            bytewise = read_stream(case.body[at : at + 1] for at in range(len(case.body)))
            assert comparable(bytewise) == comparable(read_stream([case.body])), case.id


def test_a_stream_that_is_cut_is_never_taken_for_whole(swept: list[Case]) -> None:
    for case in swept:
        last = case.body.rfind(b"message_stop")
        for cut in sampled(range(last if last > 0 else len(case.body)), CUTS, CUTS):
            try:
                events = read_stream([case.body[:cut]])
            except UpstreamError:
                continue
            assert not any(isinstance(event, StreamEnd) for event in events), f"{case.id} cut at {cut}"


def test_a_passed_through_stream_is_the_upstreams_own_bytes(streams: list[Case]) -> None:
    for case in streams:
        lane = Lane(UPSTREAM.framer(), UPSTREAM.passthrough(HEAD))
        out = lane.feed(case.body) + lane.close(None)
        assert out.strip(b"\n") == case.body.replace(DONE, b"").strip(b"\n"), case.id
        assert lane.outcome.usage == fold(read_stream([case.body])).usage, case.id


def judge(cases: list[Case], read: Callable[[Case], Answer]) -> None:
    wrong = {case.id: why for case in cases if (why := list(faults(case, read(case))))}
    print(f"anthropic-messages {cases[0].kind}: {len(cases) - len(wrong)} of {len(cases)}")
    assert not wrong


def faults(case: Case, answer: Answer) -> Iterator[str]:
    """Where an answer is not what the SDK made of it. The SDK may have broken off: then what it had until then."""
    expected: dict[str, Any] = case.expected.get("partial", case.expected)
    failed = "sdk_error" in case.expected and "body" in case.expected["sdk_error"]
    found: dict[str, tuple[Any, Any]] = {
        "id": (expected["id"], answer.id),
        "model": (expected["model"], answer.model),
        "text": (expected["text"], answer.text),
        "reasoning": (expected["reasoning"], answer.reasoning),
        "tool_calls": ([without_raw(call) for call in expected["tool_calls"]], answer.tool_calls),
        "usage": (usage_of(expected["usage"]), counts_of(answer)),
        "blocks": (len(expected["blocks"]), len(answer.kinds)),
        "signatures": (expected.get("signature_len", 0), sum(map(len, answer.signatures.values()))),
        "citations": (expected.get("citations", 0), len(answer.citations)),
        "redacted": (expected.get("redacted_thinking", 0), len(answer.redacted)),
        "error": (failed, answer.error is not None),
        "whole": (not failed, answer.is_whole),
    }
    if not failed:
        assert answer.finish is not None
        reason = expected["finish_reason"]
        found["finish"] = ((reason, REASONS[reason]), (answer.finish.raw_reason, answer.finish.reason))
        if expected["stop_sequence"]:
            found["stop_sequence"] = (expected["stop_sequence"], answer.finish.detail)
    yield from (f"{name}: want {want!r}, got {got!r}" for name, (want, got) in found.items() if want != got)


def without_raw(call: dict[str, Any]) -> dict[str, Any]:
    return {name: call[name] for name in ("id", "name", "arguments")}


def usage_of(expected: dict[str, Any]) -> tuple[int, ...]:
    read, written = expected["cache_read_input_tokens"] or 0, expected["cache_creation_input_tokens"] or 0
    thinking = (expected["output_tokens_details"] or {}).get("thinking_tokens") or 0
    return (expected["input_tokens"] + read + written, expected["output_tokens"], read, written, thinking)


def counts_of(answer: Answer) -> tuple[int, ...]:
    usage = answer.usage
    assert usage is not None
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_read_tokens,
        usage.cached_write_tokens,
        usage.reasoning_tokens,
    )


def sampled(cuts: range, all_up_to: int, samples: int) -> range:
    """All of them, or about `samples` of a long stream's."""
    return cuts if len(cuts) <= all_up_to else cuts[:: len(cuts) // samples]


def frames_of(chunks: list[bytes]) -> list[Frame]:
    framer = UPSTREAM.framer()
    return [frame for chunk in chunks for frame in framer.feed(chunk)] + list(framer.close())


def test_the_recorded_overload_is_an_error_with_its_own_status(streams: list[Case]) -> None:
    case = next((case for case in streams if case.id == "anthropic/handwritten-200-midstream-overloaded"), None)
    if case is None:
        pytest.skip("these recordings do not have it")
    (error,) = [event.error for event in read_stream([case.body]) if isinstance(event, StreamError)]
    assert isinstance(error, UpstreamRejected)
    assert (error.status, error.type, error.message) == (529, "service_unavailable", "Overloaded")
