"""What Ollama really sent, next to what its own SDK made of it."""

from collections.abc import Iterator

from recordings import Case
from sealink.errors import UpstreamRejected
from sealink.wire.dialects.ollama_chat import UPSTREAM
from sealink.wire.stream.fold import Answer
from wire.upstream_line import (
    Told,
    is_never_whole_when_cut,
    judge,
    reads_the_same_however_it_is_split,
)

API = "ollama-chat"
CUTS = 150


def test_every_answer_reads_as_the_sdk_reads_it(cases: list[Case]) -> None:
    judge(UPSTREAM, [case for case in cases if case.kind != "error"], faults)


def faults(case: Case, sent: Told, answer: Answer | None) -> Iterator[str]:
    expected, usage = case.expected, case.expected["usage"]
    assert answer is not None
    assert answer.usage is not None
    assert sent.usage is not None
    choice = answer.choices[0]
    assert choice.finish is not None
    counts = (usage["prompt_eval_count"], usage["eval_count"])
    calls = [(call["name"], call["arguments"]) for call in expected["tool_calls"]]
    finish = "tool_calls" if calls else expected["finish_reason"]
    found = {
        "text": (expected["text"], sent.text),
        "folded text": (expected["text"], choice.text("text")),
        "reasoning": (expected["reasoning"], sent.reasoning),
        "folded reasoning": (expected["reasoning"], choice.text("reasoning")),
        "calls": (calls, [(call["name"], call["arguments"]) for call in sent.tool_calls]),
        "ids": (len(calls), len({call["id"] for call in sent.tool_calls} - {""})),
        "finish": (finish, sent.finish_reason),
        "raw finish": (expected["finish_reason"], choice.finish.raw_reason),
        "usage": (counts, (sent.usage["prompt_tokens"], sent.usage["completion_tokens"])),
        "folded usage": (counts, (answer.usage.input_tokens, answer.usage.output_tokens)),
        "durations": (usage["total_duration"], sent.usage["total_duration"]),
    }
    yield from (f"{name}: want {want!r}, got {got!r}" for name, (want, got) in found.items() if want != got)


def test_every_error_keeps_its_words_and_its_status(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        read = UPSTREAM.read_error(case.meta["status"], case.headers, case.body)
        assert isinstance(read, UpstreamRejected)
        assert (read.status, read.body, read.type) == (404, case.body, "not_found_error")
        assert case.expected["error"]["message"].startswith(read.message)
    assert errors


def test_streams_read_the_same_however_they_are_split(streams: list[Case]) -> None:
    for case in streams:
        reads_the_same_however_it_is_split(UPSTREAM, case, CUTS)


def test_a_stream_that_is_cut_is_never_taken_for_whole(streams: list[Case]) -> None:
    for case in streams:
        end = len(case.body.rstrip())
        is_never_whole_when_cut(UPSTREAM, case.body, range(0, end, max(1, end // CUTS)))
