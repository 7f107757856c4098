"""What Gemini really sent, from Google's API and Google's cloud, next to what Google's own SDK made of it."""

import json
from collections.abc import Iterator

from recordings import Case
from sealink.errors import UpstreamRejected
from sealink.wire.dialects.gemini_generate import UPSTREAM
from sealink.wire.dialects.gemini_generate.finish import FAILURES
from sealink.wire.stream.fold import Answer
from wire.upstream_line import (
    Told,
    comparable,
    is_never_whole_when_cut,
    judge,
    read_stream,
    reads_the_same_however_it_is_split,
)

API = "gemini"
CUTS = 100
SPLITS_OF_LONG = 150

STOP_WITH_EVERY_CHUNK = (
    "gemini-vertex/vertex-testdata-streaming-failure-recitation-no-content-40cafe",
    "gemini-vertex/vertex-testdata-streaming-failure-unknown-finish-enum-aff66a",
    "gemini/genai-js-streaming-failure-recitation-no-content-a2de21",
    "gemini/genai-js-streaming-unknown-enum-bb925c",
)
"""Fixtures of a time when each chunk said STOP: behind any chunk they look whole."""

REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "FAKE_ENUM": "stop",
    None: "content_filter",  # a prompt that was blocked
}


def test_every_answer_reads_as_the_sdk_reads_it(cases: list[Case]) -> None:
    judge(UPSTREAM, [case for case in cases if case.kind != "error"], faults)


def faults(case: Case, sent: Told, answer: Answer | None) -> Iterator[str]:
    expected = case.expected
    reason = expected["finish_reason"]
    if reason in FAILURES:
        assert sent.error is not None
        assert reason in sent.error["message"]
        return
    assert answer is not None
    choice = answer.choices[0]
    assert choice.finish is not None
    calls = [(call["name"], call["arguments"]) for call in expected["tool_calls"]]
    finish = "tool_calls" if calls and reason == "STOP" else REASONS[reason]
    found = {
        "id": (expected.get("responseId", ""), answer.id),
        "model": (expected.get("modelVersion", ""), answer.model),
        "text": (expected["text"], sent.text),
        "folded text": (expected["text"], choice.text("text")),
        "reasoning": (expected["reasoning"], sent.reasoning),
        "folded reasoning": (expected["reasoning"], choice.text("reasoning")),
        "calls": (calls, [(call["name"], call["arguments"]) for call in sent.tool_calls]),
        "ids": (len(calls), len({call["id"] for call in sent.tool_calls} - {""})),
        "finish": (finish, sent.finish_reason),
        "raw finish": (reason or expected.get("prompt_feedback", {}).get("blockReason"), choice.finish.raw_reason),
        "refusal": (why_refused(case, finish), sent.refusal),
        "usage": (usage_of(case), counts_of(sent)),
        "signatures": (sum(b.count(b'"thoughtSignature"') for b in [case.body]), signatures_of(answer)),
        "citations": (sources_of(case), sum(len(block.citations) for block in choice.blocks)),
        "annotations": (sources_of(case), len(sent.annotations)),
        "media": (expected.get("inline_data_parts", 0), sum(block.kind == "media" for block in choice.blocks)),
    }
    for given, call in zip(expected["tool_calls"], sent.tool_calls, strict=True):
        found["own id"] = (given["id"] or call["id"], call["id"])
    yield from (f"{name}: want {want!r}, got {got!r}" for name, (want, got) in found.items() if want != got)


def why_refused(case: Case, finish: str) -> str:
    if finish != "content_filter":
        return ""
    feedback = case.expected.get("prompt_feedback", {})
    return feedback.get("blockReasonMessage") or case.expected.get("finish_message", "")


def usage_of(case: Case) -> tuple[int, ...] | None:
    usage = case.expected["usage"]
    if usage is None:
        return None
    names = ("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    prompt, tools, answer, thoughts = (usage.get(name) or 0 for name in names)
    return (prompt + tools, answer + thoughts, usage.get("cachedContentTokenCount") or 0, thoughts)


def counts_of(sent: Told) -> tuple[int, ...] | None:
    usage = sent.usage
    if usage is None:
        return None
    details = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    counts = (usage["prompt_tokens"], usage["completion_tokens"])
    return (*counts, details[0]["cached_tokens"], details[1]["reasoning_tokens"])


def signatures_of(answer: Answer) -> int:
    """Google's signatures: those of their own, and those inside of parts that go through as they are."""
    signatures = [block.signature for block in answer.choices[0].blocks if block.signature]
    assert all(signature.startswith("gemini:") for signature in signatures)
    return sum('"thoughtSignature"' in each if each.startswith("gemini:part:") else 1 for each in signatures)


def sources_of(case: Case) -> int:
    """Each source of each supported segment is a citation, as is each source that is quoted."""
    data = b",".join(line[5:] for line in case.body.splitlines() if line.startswith(b"data:"))
    chunks = json.loads(b"[%b]" % (data if case.framing == "sse" else case.body))
    chunks = chunks[0] if case.framing != "sse" and isinstance(chunks[0], list) else chunks
    count = 0
    for candidate in (one for chunk in chunks for one in chunk.get("candidates", ())):
        supports = candidate.get("groundingMetadata", {}).get("groundingSupports", ())
        count += sum(len(support.get("groundingChunkIndices", ())) for support in supports)
        quoted = candidate.get("citationMetadata", {})
        count += len(quoted.get("citations") or quoted.get("citationSources") or ())
    return count


def test_every_error_keeps_its_words_and_its_status(cases: list[Case]) -> None:
    errors = [case for case in cases if case.kind == "error"]
    for case in errors:
        expected = json.loads(case.body)["error"]
        read = UPSTREAM.read_error(case.meta["status"], case.headers, case.body)
        assert isinstance(read, UpstreamRejected)
        assert (read.status, read.message, read.body) == (expected["code"], expected["message"], case.body), case.id
        assert read.code == expected["status"], case.id
    assert errors


def test_streams_read_the_same_however_they_are_split(streams: list[Case]) -> None:
    for case in streams:
        reads_the_same_however_it_is_split(UPSTREAM, case, SPLITS_OF_LONG)


def test_streams_read_the_same_in_the_networks_own_chunks(streams: list[Case]) -> None:
    for case in (case for case in streams if case.chunk_sizes):
        begins = [sum(case.chunk_sizes[:n]) for n in range(len(case.chunk_sizes))]
        pieces = [case.body[at : at + size] for at, size in zip(begins, case.chunk_sizes, strict=True)]
        assert comparable(read_stream(UPSTREAM, pieces)) == comparable(read_stream(UPSTREAM, [case.body])), case.id


def test_a_stream_that_is_cut_is_never_taken_for_whole(streams: list[Case]) -> None:
    for case in (case for case in streams if case.id not in STOP_WITH_EVERY_CHUNK):
        end = len(case.body.rstrip(b"] \r\n"))
        is_never_whole_when_cut(UPSTREAM, case.body, range(0, end, max(1, end // CUTS)))


def test_the_stop_of_every_chunk_is_taken_for_the_last_one(streams: list[Case]) -> None:
    for case in (case for case in streams if case.id in STOP_WITH_EVERY_CHUNK):
        events = read_stream(UPSTREAM, [case.body])
        assert [type(event).__name__ for event in events].count("Finish") == 1
        cut = case.body.rstrip(b"\r\n")[:-1]
        is_never_whole_when_cut(UPSTREAM, case.body, [len(cut)])
