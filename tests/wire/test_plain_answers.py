"""A plain answer is read and written as any other is; what is not plain is left to the way of all others."""

import json
from typing import Any

import pytest

from dialects import CLIENTS, DIALECTS
from recordings import Case
from sealink.errors import SealinkError
from sealink.wire.dialect import same_dialect
from sealink.wire.stream.outcome import Outcome, observe
from wire.pairs import BIRTH, dialect_of, head_of, upstream_of

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1763000000,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": 'Hello \n "you" é \u2028', "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 9,
        "total_tokens": 21,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
    "service_tier": "flex",
    "system_fingerprint": "fp_1",
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "text", "text": "Hello \n you"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 9, "cache_read_input_tokens": 3, "service_tier": "priority"},
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1763000000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "gpt-5-mini",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}],
        }
    ],
    "usage": {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 21,
        "more": [1],
    },
    "service_tier": "default",
}
GEMINI: dict[str, Any] = {
    "candidates": [
        {"content": {"parts": [{"text": "Hello"}], "role": "model"}, "finishReason": "STOP", "index": 0},
    ],
    "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 9, "totalTokenCount": 21, "serviceTier": "x"},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
}
SAMPLES = {"openai-chat": CHAT, "anthropic-messages": MESSAGE, "openai-responses": RESPONSE, "gemini": GEMINI}


def with_value(sample: Any, path: str, value: Any) -> Any:
    """The sample with another value at a path (`choices.0.index`); without it, for the value ...."""
    copy = json.loads(json.dumps(sample))
    place = copy
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    key = int(last) if last.isdigit() else last
    if value is ...:
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(value)
    else:
        place[key] = value
    return copy


def is_the_same(api: str, body: bytes) -> bool:
    """Whether the answer is plain. If so, both ways must lead to the same."""
    upstream = upstream_of(api)
    plain = upstream.read_plain(body)
    if plain is None:
        return False
    events = upstream.decode_whole(body)
    seen = Outcome()
    for event in events:
        observe(event, seen)
    assert same(plain.outcome(), seen)
    for client in CLIENTS:
        dialect = dialect_of(client)
        request = dialect.parse_request(head_of(client))
        if same_dialect(upstream, dialect):
            passed, outcome = upstream.passthrough_whole(body)
            assert passed == body
            assert same(plain.outcome(), outcome)
        else:
            assert dialect.plain(request, plain, BIRTH) == dialect.whole(request, upstream.decode_whole(body), BIRTH)
    return True


def same(one: Outcome, other: Outcome) -> bool:
    facts = [
        (seen.usage, seen.provenance, seen.finish_reasons, seen.content_started, seen.complete, seen.error)
        for seen in (one, other)
    ]
    return facts[0] == facts[1] and one.text.tokens(len) == other.text.tokens(len)


@pytest.mark.parametrize("api", DIALECTS)
def test_recordings(api: str, recorded: list[Case]) -> None:
    cases = [case for case in recorded if case.api == api and case.kind == "json"]
    plain = [case.id for case in cases if is_the_same(api, case.body)]
    assert plain or api not in ("openai-chat", "anthropic-messages", "gemini")


@pytest.mark.parametrize(
    ("api", "path", "value"),
    [
        *((api, "model", "m") for api in SAMPLES if api != "gemini"),
        ("openai-chat", "choices.0.finish_reason", "length"),
        ("openai-chat", "usage", ...),
        ("openai-chat", "usage", None),
        ("openai-chat", "usage.prompt_tokens_details", None),
        ("openai-chat", "usage.cost", 0.1),
        ("openai-chat", "service_tier", None),
        ("openai-chat", "service_tier", ...),
        ("openai-chat", "x", {"y": [None, "z"]}),
        ("anthropic-messages", "stop_reason", "max_tokens"),
        ("anthropic-messages", "stop_sequence", "END"),
        ("anthropic-messages", "content.0.citations", None),
        ("anthropic-messages", "usage.cache_creation", None),
        ("anthropic-messages", "usage.output_tokens_details", {"thinking_tokens": 2}),
        ("anthropic-messages", "usage.cache_creation_input_tokens", 7),
        ("openai-responses", "usage", None),
        ("openai-responses", "output.0.content.0.logprobs", ...),
        ("openai-responses", "usage.output_tokens_details", {"reasoning_tokens": 4}),
        ("gemini", "candidates.0.finishReason", "MAX_TOKENS"),
        ("gemini", "candidates.0.index", ...),
        ("gemini", "candidates.0.safetyRatings", []),
        ("gemini", "responseId", ...),
        ("gemini", "usageMetadata", ...),
        ("gemini", "usageMetadata.thoughtsTokenCount", 5),
        ("gemini", "usageMetadata.promptTokensDetails", [{"modality": "TEXT", "tokenCount": 12}]),
    ],
)
def test_plain_answers(api: str, path: str, value: Any) -> None:
    sample = with_value(SAMPLES[api], path, value)
    assert is_the_same(api, json.dumps(sample).encode())
    assert is_the_same(api, json.dumps(sample, indent=2, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("api", "path", "value"),
    [
        ("openai-chat", "id", ...),
        ("openai-chat", "id", 1),
        ("openai-chat", "object", "chat.completion.chunk"),
        ("openai-chat", "created", "1763000000"),
        ("openai-chat", "created", 1.5),
        ("openai-chat", "model", None),
        ("openai-chat", "choices", []),
        ("openai-chat", "choices.1", CHAT["choices"][0]),
        ("openai-chat", "choices.0.index", 1),
        ("openai-chat", "choices.0.index", ...),
        ("openai-chat", "choices.0.finish_reason", "eos"),
        ("openai-chat", "choices.0.finish_reason", "content_filter"),
        ("openai-chat", "choices.0.finish_reason", None),
        ("openai-chat", "choices.0.logprobs", {"content": []}),
        ("openai-chat", "choices.0.error", {"message": "no"}),
        ("openai-chat", "choices.0.usage", {"prompt_tokens": 1}),
        ("openai-chat", "choices.0.stop_reason", "END"),
        ("openai-chat", "choices.0.matched_stop", "END"),
        ("openai-chat", "usage.cached_tokens", 4),
        ("openai-chat", "choices.0.message.role", "model"),
        ("openai-chat", "choices.0.message.content", ""),
        ("openai-chat", "choices.0.message.content", None),
        ("openai-chat", "choices.0.message.content", [{"type": "text", "text": "x"}]),
        ("openai-chat", "choices.0.message.refusal", "No."),
        ("openai-chat", "choices.0.message.reasoning", "Hm."),
        ("openai-chat", "choices.0.message.reasoning_content", "Hm."),
        ("openai-chat", "choices.0.message.tool_calls", []),
        ("openai-chat", "choices.0.message.function_call", {}),
        ("openai-chat", "choices.0.message.annotations", [{"type": "url_citation"}]),
        ("openai-chat", "choices.0.message.images", [{"type": "image_url"}]),
        ("openai-chat", "choices.0.message.audio", {"id": "x"}),
        ("openai-chat", "citations", ["http://x"]),
        ("openai-chat", "error", {"message": "no"}),
        ("openai-chat", "type", "error"),
        ("openai-chat", "x_groq", {"error": "no"}),
        ("openai-chat", "base_resp", {"status_code": 1000}),
        ("openai-chat", "usage.prompt_tokens", "12"),
        ("openai-chat", "usage.total_tokens", ...),
        ("openai-chat", "usage.reasoning_tokens", "3"),
        ("openai-chat", "service_tier", 1),
        ("anthropic-messages", "type", "error"),
        ("anthropic-messages", "role", ...),
        ("anthropic-messages", "content", []),
        ("anthropic-messages", "content.1", {"type": "tool_use", "id": "1", "name": "f", "input": {}}),
        ("anthropic-messages", "content.0", {"type": "thinking", "thinking": "Hm.", "signature": "x"}),
        ("anthropic-messages", "content.0.citations", [{"type": "page_location"}]),
        ("anthropic-messages", "stop_reason", "refusal"),
        ("anthropic-messages", "stop_reason", None),
        ("anthropic-messages", "usage", None),
        ("anthropic-messages", "usage.cache_creation", {"ephemeral_1h_input_tokens": 2}),
        ("anthropic-messages", "usage.server_tool_use", {"web_search_requests": 2}),
        ("anthropic-messages", "usage.output_tokens", None),
        ("openai-responses", "status", "incomplete"),
        ("openai-responses", "error", {"message": "no"}),
        ("openai-responses", "output.0.type", "reasoning"),
        ("openai-responses", "output.1", {"type": "function_call"}),
        ("openai-responses", "output.0.content.1", {"type": "output_text", "text": "x"}),
        ("openai-responses", "output.0.content.0.annotations", [{"type": "url_citation"}]),
        ("openai-responses", "usage.input_tokens", "12"),
        ("openai-responses", "usage.output_tokens_details", ...),
        ("openai-responses", "usage.input_tokens_details", {"cached_tokens": 0}),
        ("openai-responses", "usage.input_tokens_details.audio_tokens", 2),
        ("gemini", "candidates.0.finishReason", "SAFETY"),
        ("gemini", "candidates.0.finishReason", ...),
        ("gemini", "candidates.0.content.parts.0.thought", True),
        ("gemini", "candidates.0.content.parts.0.thoughtSignature", "x"),
        ("gemini", "candidates.0.content.parts.1", {"text": "x"}),
        ("gemini", "candidates.0.groundingMetadata", {}),
        ("gemini", "promptFeedback", {"blockReason": "SAFETY"}),
        ("gemini", "error", {"code": 500}),
    ],
)
def test_answers_that_are_not_plain(api: str, path: str, value: Any) -> None:
    assert upstream_of(api).read_plain(json.dumps(with_value(SAMPLES[api], path, value)).encode()) is None


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"data: {}\n\n", b"{" * 2000, b'{"x":NaN}'], ids=lambda body: repr(body[:8])
)
def test_what_is_no_answer_is_not_plain(api: str, body: bytes) -> None:
    assert upstream_of(api).read_plain(body) is None


@pytest.mark.parametrize("api", SAMPLES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body + b"{}",
        lambda body: body[:-1],
        lambda body: body.replace(b"Hello", b"\xff"),
        lambda body: body.replace(b"Hello", b"\\ud83d"),
        lambda body: b"\xef\xbb\xbf" + body,
    ],
    ids=["more", "less", "not UTF-8", "half a pair", "BOM"],
)
def test_damaged_bytes_are_not_plain(api: str, damage: Any) -> None:
    assert upstream_of(api).read_plain(damage(json.dumps(SAMPLES[api]).encode())) is None


def test_bytes_that_are_not_utf8_in_a_field_that_is_not_read() -> None:
    body = json.dumps({**CHAT, "x": "y"}).encode().replace(b'"y"', b'"\xff"')
    assert upstream_of("openai-chat").read_plain(body) is None
    with pytest.raises(SealinkError):
        upstream_of("openai-chat").passthrough_whole(body)  # type: ignore[attr-defined]
