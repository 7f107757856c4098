"""Recorded answers of Bedrock's Converse, compared with what AWS's SDK reads in them."""

from collections.abc import Iterator

from recordings import Case
from sealink.errors import UpstreamRejected
from sealink.wire.dialects.bedrock_converse import UPSTREAM
from sealink.wire.stream.fold import Answer
from wire.upstream_line import (
    Told,
    is_never_whole_when_cut,
    judge,
    read_stream,
    reads_the_same_however_it_is_split,
)

API = "bedrock-converse"
CUTS = 150
REASONS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
}
SERVER_TOOLS = {"nova_code_interpreter", "nova_grounding"}
"""Calls that Bedrock has itself answered in the same stream: a client must not be asked to run them."""


def test_every_answer_reads_as_the_sdk_reads_it(cases: list[Case]) -> None:
    judge(UPSTREAM, [case for case in cases if case.kind != "error"], faults)


def faults(case: Case, told: Told, answer: Answer | None) -> Iterator[str]:
    expected, usage = case.expected, case.expected["usage"]
    assert answer is not None
    assert answer.usage is not None
    assert told.usage is not None
    choice = answer.choices[0]
    assert choice.finish is not None
    read, written = usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)
    counts = (usage["inputTokens"] + read + written, usage["outputTokens"], usage["totalTokens"], read, written)
    details = told.usage["prompt_tokens_details"]
    calls = [call for call in expected["tool_calls"] if call["name"] not in SERVER_TOOLS]
    found = {
        "text": (expected["text"], told.text),
        "folded text": (expected["text"], choice.text("text")),
        "reasoning": (expected["reasoning"], told.reasoning),
        "calls": (
            [(call["id"], call["name"], call["arguments"]) for call in calls],
            [(call["id"], call["name"], call["arguments"]) for call in told.tool_calls],
        ),
        "arguments as they came": (
            [call["arguments_raw"] for call in calls],
            [call["arguments"] for call in told.calls.values()],
        ),
        "finish": (REASONS[expected["finish_reason"]], told.finish_reason),
        "raw finish": (expected["finish_reason"], choice.finish.raw_reason),
        "usage": (
            counts,
            (
                *(told.usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")),
                *(details[name] for name in ("cached_tokens", "cache_write_tokens")),
            ),
        ),
        "folded usage": (counts[:2], (answer.usage.input_tokens, answer.usage.output_tokens)),
    }
    yield from (f"{name}: want {want!r}, got {got!r}" for name, (want, got) in found.items() if want != got)


def test_redacted_thinking_is_anthropics_own(streams: list[Case]) -> None:
    """Anthropic's data is base64 of a message that begins with the bytes 12 …, which is `E` in base64."""
    (case,) = [case for case in streams if "redacted" in case.id]
    read = read_stream(UPSTREAM, [case.body])
    data = [event.data for event in read if getattr(event, "kind", "") == "redacted_reasoning"]
    assert [text[:4] for text in data] == ["EtkE", "EqAD"]


def test_every_error_keeps_its_words_its_status_and_its_name(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        read = UPSTREAM.read_error(case.meta["status"], case.headers, case.body)
        assert isinstance(read, UpstreamRejected)
        assert (read.status, read.body) == (case.meta["status"], case.body)
        assert case.expected["error"]["message"].endswith(read.message)
        assert f"({read.code})" in case.expected["error"]["message"]
        request_id = case.meta["response_headers"].get("x-amzn-requestid")
        assert dict(read.headers).get("x-sealink-upstream-request-id") == request_id
    assert errors


def test_streams_read_the_same_however_they_are_split(streams: list[Case]) -> None:
    for case in streams:
        reads_the_same_however_it_is_split(UPSTREAM, case, CUTS)


def test_a_stream_that_is_cut_is_never_taken_for_whole(streams: list[Case]) -> None:
    """Up to the message that says why it stopped; only the usage comes after that."""
    for case in streams:
        end = case.body.rfind(b"stopReason")
        is_never_whole_when_cut(UPSTREAM, case.body, range(0, end, max(1, end // CUTS)))
