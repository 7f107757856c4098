"""Microseconds of CPU for each frame that the lanes move, and for each entry of the ledger. No sockets, no event loop.

In a running gateway the same work takes two to three times as long: between two frames the kernel has had
the caches. Compare lines of this table with one another, and with the same line before a change.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.ledger.journal import Journal, OwnedFolder
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity, RequestHead
from sealink.wire.dialects import anthropic_messages, openai_chat
from sealink.wire.framing.sse import SseFramer, data_frame, event_frame
from sealink.wire.stream.handler import Framer, StreamHandler
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator

FRAMES = 20_000
REPEATS = 7

OPENAI_BEGIN = b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1763000000,"model":"gpt-4o-mini",'
OPENAI_ROLE = data_frame(
    OPENAI_BEGIN + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}'
)
OPENAI_DELTA = data_frame(
    OPENAI_BEGIN + b'"service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":[{"index":0,'
    b'"delta":{"content":" quick brown fox"},"logprobs":null,"finish_reason":null}]}'
)
ANTHROPIC_START = event_frame(
    b"message_start",
    b'{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-6",'
    b'"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}',
) + event_frame(
    b"content_block_start",
    b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
)
ANTHROPIC_DELTA = event_frame(
    b"content_block_delta",
    b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" quick brown fox"}}',
)

ADMISSION = Admission(
    request_id="req_1", key="dev", model="claude-sonnet-4-6", client="openai", streamed=True, started_at=1763000000.5
)
SETTLEMENT = Settlement(
    request_id="req_1",
    provider="anthropic",
    served_model="claude-sonnet-4-6",
    attempts=[Attempt("my-vllm", "qwen3", "upstream_refused"), Attempt("anthropic", "claude-sonnet-4-6")],
    usage=Usage(input_tokens=100, output_tokens=41, cached_read_tokens=30),
    usage_source="provider",
    cost_nano_usd=123_000,
    ttft_ms=123.4,
    duration_ms=2345.6,
    chunks=41,
    bytes_sent=9000,
    timeline=[("admitted", 0.0), ("first_content", 123.4), ("last_byte", 2345.6)],
)


class Untouched:
    """A stream handler that does nothing, to see what the lane itself takes."""

    delta_text, padding_field = "", b""

    def __init__(self, handler: StreamHandler) -> None:
        self.outcome = handler.outcome
        self.finish = handler.finish
        self.fail = handler.fail
        self.handle = lambda frame: frame.raw


def main() -> None:
    openai, anthropic = openai_chat.UPSTREAM, anthropic_messages.UPSTREAM
    asked = RequestHead(model="m", stream=True, include_usage=True, task_type=None, fields={}, body=b"")
    not_asked = RequestHead(model="m", stream=True, include_usage=False, task_type=None, fields={}, body=b"")
    null_usage = OPENAI_DELTA.replace(b"]}\n", b'],"usage":null}\n')
    show("framer, openai", SseFramer().feed, OPENAI_DELTA)
    show("framer, anthropic", SseFramer().feed, ANTHROPIC_DELTA)
    show("empty lane", lane(openai.framer(), Untouched(openai.passthrough(asked)), OPENAI_ROLE), OPENAI_DELTA)
    show("relay", lane(openai.framer(), openai.passthrough(asked), OPENAI_ROLE), OPENAI_DELTA)
    show("relay, null usage taken out", lane(openai.framer(), openai.passthrough(not_asked), OPENAI_ROLE), null_usage)
    translate = Translator(
        anthropic.decoder(), openai_chat.CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("id", 0))
    )
    show("translate", lane(anthropic.framer(), translate, ANTHROPIC_START), ANTHROPIC_DELTA)
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name:
        journal = Journal(OwnedFolder.new(Path(name)), segment_bytes=1 << 30, fsync=False)
        show("ledger, admission", journal.append, ADMISSION)
        show("ledger, settlement", journal.append, SETTLEMENT)
        journal.close()


def lane(framer: Framer, handler: StreamHandler, opening: bytes) -> Callable[[bytes], bytes]:
    """A lane whose stream has begun."""
    begun = Lane(framer, handler)
    begun.feed(opening)
    return begun.feed


def show(name: str, feed: Callable[[Any], object], delta: Any) -> None:
    feed(delta)
    print(f"{name:30} {median(_us_per_call(feed, delta) for _ in range(REPEATS)):5.2f}")


def _us_per_call(feed: Callable[[Any], object], delta: Any) -> float:
    begin = time.process_time()
    for _ in range(FRAMES):
        feed(delta)
    return (time.process_time() - begin) / FRAMES * 1e6


if __name__ == "__main__":
    main()
