"""The least answer of each upstream dialect, streamed and whole, and which of its fields nobody needs.

The text is "Hi"; the prompt has 7 tokens, the answer 2.
"""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from wire.aws_messages import event

Document = dict[str, Any]


class Answer(NamedTuple):
    """`stream` are the frames' documents, of Bedrock with the names of their events; `fields` are paths of metadata
    that may stand in any of them."""

    stream: list[Any]
    whole: Document
    fields: list[str]


def sse(documents: list[Document]) -> bytes:
    frames = [f"event: {each['type']}\n" if "type" in each else "" for each in documents]
    return "".join(f"{name}data: {json.dumps(each)}\n\n" for name, each in zip(frames, documents, strict=True)).encode()


def chat_sse(documents: list[Document]) -> bytes:
    return sse(documents) + b"data: [DONE]\n\n"


def ndjson(documents: list[Document]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def aws(documents: list[Any]) -> bytes:
    return b"".join(event(*each) for each in documents)


WRITERS: Final[dict[str, Callable[[list[Any]], bytes]]] = {"openai": chat_sse, "ollama": ndjson, "bedrock": aws}

CHAT: Final[Document] = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 5,
    "model": "m",
    "system_fingerprint": "fp",
    "service_tier": "default",
}
CHAT_USAGE: Final[Document] = {
    "prompt_tokens": 7,
    "completion_tokens": 2,
    "total_tokens": 9,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
MESSAGE: Final[Document] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
}
RESPONSE: Final[Document] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 5,
    "model": "m",
    "status": "in_progress",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
PART: Final[Document] = {"type": "output_text", "text": "Hi", "annotations": []}
ITEM: Final[Document] = {"id": "i1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
RESPONSE_USAGE: Final[Document] = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 9,
}
COMPLETED: Final[Document] = {**RESPONSE, "status": "completed", "output": [ITEM], "usage": RESPONSE_USAGE}
GEMINI: Final[Document] = {
    "responseId": "r1",
    "modelVersion": "m",
    "createTime": "2026-01-01T00:00:00Z",
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9},
}
COHERE_USAGE: Final[Document] = {
    "tokens": {"input_tokens": 7, "output_tokens": 2},
    "billed_units": {"input_tokens": 7, "output_tokens": 2},
    "cached_tokens": 0,
}
BEDROCK_USAGE: Final[Document] = {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9, "cacheReadInputTokens": 0}
OLLAMA: Final[Document] = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
OLLAMA_END: Final[Document] = {
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 7,
    "eval_count": 2,
    "total_duration": 5,
}


def choice(**fields: Any) -> Document:
    return {"choices": [{"index": 0, "finish_reason": None, **fields}]}


ANSWERS: Final[dict[str, Answer]] = {
    "openai": Answer(
        [
            {**CHAT, **choice(delta={"role": "assistant", "content": ""})},
            {**CHAT, **choice(delta={"content": "H"})},
            {**CHAT, **choice(delta={"content": "i"})},
            {**CHAT, **choice(delta={}, finish_reason="stop")},
            {**CHAT, "choices": [], "usage": CHAT_USAGE},
        ],
        {
            **CHAT,
            "object": "chat.completion",
            **choice(message={"role": "assistant", "content": "Hi"}, finish_reason="stop"),
            "usage": CHAT_USAGE,
        },
        [
            *("id", "object", "created", "model", "system_fingerprint", "service_tier", "usage"),
            *("usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens", "usage.prompt_tokens_details"),
            *("usage.prompt_tokens_details.cached_tokens", "usage.completion_tokens_details.reasoning_tokens"),
        ],
    ),
    "anthropic": Answer(
        [
            {"type": "message_start", "message": MESSAGE},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "H"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "i"}},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 2},
            },
            {"type": "message_stop"},
        ],
        {
            **MESSAGE,
            "content": [{"type": "text", "text": "Hi"}],
            "stop_reason": "end_turn",
            "usage": {**MESSAGE["usage"], "output_tokens": 2},
        },
        [
            f"{where}{name}"
            for where in ("", "message.")
            for name in (
                *("id", "model", "usage", "usage.input_tokens", "usage.output_tokens"),
                *("usage.cache_read_input_tokens", "usage.cache_creation_input_tokens"),
            )
        ],
    ),
    "responses": Answer(
        [
            {"type": "response.created", "response": RESPONSE, "sequence_number": 0},
            {"type": "response.output_item.added", "output_index": 0, "item": {**ITEM, "content": []}},
            {
                "type": "response.content_part.added",
                "output_index": 0,
                "content_index": 0,
                "item_id": "i1",
                "part": {**PART, "text": ""},
            },
            {
                "type": "response.output_text.delta",
                "output_index": 0,
                "content_index": 0,
                "item_id": "i1",
                "delta": "Hi",
            },
            {"type": "response.output_item.done", "output_index": 0, "item": ITEM},
            {"type": "response.completed", "response": COMPLETED, "sequence_number": 5},
        ],
        COMPLETED,
        [
            f"{where}{name}"
            for where in ("", "response.")
            for name in (
                *("id", "model", "created_at", "service_tier", "usage", "usage.input_tokens", "usage.output_tokens"),
                *("usage.total_tokens", "usage.input_tokens_details.cached_tokens"),
                "usage.output_tokens_details.reasoning_tokens",
            )
        ],
    ),
    "gemini": Answer(
        [
            {**GEMINI, "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}}]},
            {**GEMINI, "candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP"}]},
        ],
        {
            **GEMINI,
            "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
        },
        [
            *("responseId", "modelVersion", "createTime", "usageMetadata", "usageMetadata.promptTokenCount"),
            *("usageMetadata.candidatesTokenCount", "usageMetadata.totalTokenCount"),
        ],
    ),
    "bedrock": Answer(
        [
            ("messageStart", {"role": "assistant"}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"usage": BEDROCK_USAGE, "metrics": {"latencyMs": 5}}),
        ],
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
            "stopReason": "end_turn",
            "usage": BEDROCK_USAGE,
            "metrics": {"latencyMs": 5},
        },
        ["usage", *(f"usage.{name}" for name in BEDROCK_USAGE), "metrics", "metrics.latencyMs", "role"],
    ),
    "cohere": Answer(
        [
            {"id": "1", "type": "message-start", "delta": {"message": {"role": "assistant"}}},
            {
                "type": "content-start",
                "index": 0,
                "delta": {"message": {"content": {"type": "text", "text": ""}}},
            },
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}},
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE_USAGE}},
        ],
        {
            "id": "1",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            "usage": COHERE_USAGE,
        },
        [
            "id",
            *(
                f"{where}{name}"
                for where in ("", "delta.")
                for name in (
                    *("usage", "usage.tokens", "usage.billed_units", "usage.cached_tokens"),
                    *("usage.tokens.input_tokens", "usage.tokens.output_tokens", "usage.billed_units.input_tokens"),
                )
            ),
        ],
    ),
    "ollama": Answer(
        [
            {**OLLAMA, "message": {"role": "assistant", "content": "Hi"}, "done": False},
            {**OLLAMA, "message": {"role": "assistant", "content": ""}, **OLLAMA_END},
        ],
        {**OLLAMA, "message": {"role": "assistant", "content": "Hi"}, **OLLAMA_END},
        ["model", "created_at", "prompt_eval_count", "eval_count", "total_duration", "message.role"],
    ),
}
