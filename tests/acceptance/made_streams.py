"""Streams as OpenAI and Anthropic send them, made to measure: these texts, one frame each."""

import json
from collections.abc import Sequence
from typing import Any

PROMPT_TOKENS = 9


def openai_stream(texts: Sequence[str]) -> bytes:
    """With the usage chunk, as it comes when `include_usage` asked for it."""
    deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in texts), {}]
    reasons = [*[None] * (len(texts) + 1), "stop"]
    chunks = [
        _chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}], None)
        for delta, reason in zip(deltas, reasons, strict=True)
    ]
    counts = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": len(texts)}
    chunks.append(_chunk([], {**counts, "total_tokens": sum(counts.values())}))
    return b"".join(_data(chunk) for chunk in chunks) + b"data: [DONE]\n\n"


def anthropic_stream(texts: Sequence[str]) -> bytes:
    start = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": []}
    events = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": start}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": it}} for it in texts),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": len(texts)},
        },
        {"type": "message_stop"},
    ]
    return b"".join(b"event: %b\n%b" % (event["type"].encode(), _data(event)) for event in events)


MADE = {"openai": openai_stream, "anthropic": anthropic_stream}


def begin_of(text: str, stream: bytes) -> int:
    """Where in a stream the frame with this text begins."""
    at = stream.index(json.dumps(text)[1:-1].encode())
    return stream.rindex(b"\n\n", 0, at) + 2


def _chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "claude-sonnet-4-6"}
    return {**head, "choices": choices, "usage": usage}


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
