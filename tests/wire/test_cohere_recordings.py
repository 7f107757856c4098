"""What Cohere really sent, next to what its own SDK made of it."""

from collections.abc import Iterator

from recordings import Case
from sealink.errors import UpstreamRejected
from sealink.wire.dialects.cohere_chat import UPSTREAM
from sealink.wire.stream.fold import Answer
from wire.upstream_line import (
    Told,
    is_never_whole_when_cut,
    judge,
    read_stream,
    reads_the_same_however_it_is_split,
)

API = "cohere-v2"
CUTS = 150
REASONS = {"COMPLETE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}
FAILED = "your request resulted in an invalid tool generation. Try updating the messages or tool definitions"


def test_every_answer_reads_as_the_sdk_reads_it(cases: list[Case]) -> None:
    judge(UPSTREAM, [case for case in cases if case.kind != "error"], faults)


def faults(case: Case, sent: Told, answer: Answer | None) -> Iterator[str]:
    """A tool plan, which the SDK shows as such, is told as thinking."""
    expected = case.expected
    thought = expected.get("tool_plan", "") + expected["reasoning"]
    found: dict[str, tuple[object, object]] = {"reasoning": (thought, sent.reasoning)}
    if expected["finish_reason"] == "ERROR":
        found["error"] = (FAILED, sent.error and sent.error["message"])
        found["code"] = ("INVALID_TOOL_GENERATION", sent.error and sent.error["code"])
    else:
        assert answer is not None
        found |= whole_faults(case, sent, answer)
    yield from (f"{name}: want {want!r}, got {got!r}" for name, (want, got) in found.items() if want != got)


def whole_faults(case: Case, sent: Told, answer: Answer) -> dict[str, tuple[object, object]]:
    expected, usage = case.expected, case.expected["usage"]
    assert answer.usage is not None
    assert sent.usage is not None
    choice = answer.choices[0]
    assert choice.finish is not None
    tokens, billed = usage["tokens"], usage["billed_units"]
    calls = [(call["id"], call["name"], call["arguments"] or {}) for call in expected["tool_calls"]]
    return {
        "text": (expected["text"], sent.text),
        "folded text": (expected["text"], choice.text("text")),
        "calls": (calls, [(call["id"], call["name"], call["arguments"]) for call in sent.tool_calls]),
        "finish": (REASONS[expected["finish_reason"]], sent.finish_reason),
        "raw finish": (expected["finish_reason"], choice.finish.raw_reason),
        "usage": (
            (tokens["input_tokens"], tokens["output_tokens"], usage.get("cached_tokens", 0)),
            (
                *(sent.usage[name] for name in ("prompt_tokens", "completion_tokens")),
                sent.usage["prompt_tokens_details"]["cached_tokens"],
            ),
        ),
        "reasoning tokens": (tokens.get("reasoning_tokens", 0), answer.usage.reasoning_tokens),
        "billed": ((billed["input_tokens"], billed["output_tokens"]), answer.usage.billed),
        "billed, as sent": (billed, sent.usage["billed_units"]),
        "citations": (expected.get("citations", 0), len(sent.annotations)),
    }


def test_citations_are_of_the_text_that_they_name(cases: list[Case]) -> None:
    (case,) = [case for case in cases if "streams_citations" in case.id]
    blocks = [event for event in read_stream(UPSTREAM, [case.body]) if type(event).__name__ == "Citation"]
    text = case.expected["text"]
    assert [text[citation.start : citation.end] for citation in blocks] == ["Yukihiro Matsumoto", "1993."]
    assert [citation.title for citation in blocks] == ["facts.txt", "facts.txt"]
    assert blocks[0].quote.startswith("The Ruby programming language")


def test_every_error_keeps_its_words_and_its_status(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        read = UPSTREAM.read_error(case.meta["status"], case.headers, case.body)
        assert isinstance(read, UpstreamRejected)
        error = case.expected["error"]
        assert (read.status, read.message, read.body) == (error["status_code"], error["body"]["message"], case.body)
    assert errors


def test_streams_read_the_same_however_they_are_split(streams: list[Case]) -> None:
    for case in streams:
        reads_the_same_however_it_is_split(UPSTREAM, case, CUTS)


def test_a_stream_that_is_cut_is_never_taken_for_whole(streams: list[Case]) -> None:
    for case in streams:
        end = case.body.rfind(b"event: message-end")
        is_never_whole_when_cut(UPSTREAM, case.body, range(0, end, max(1, end // CUTS)))
