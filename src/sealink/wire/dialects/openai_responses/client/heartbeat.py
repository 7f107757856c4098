"""Heartbeats on a stream that has no content yet, in the shapes that clients of this dialect survive."""

from typing import Final

from sealink.wire.dialect import HeartbeatShape
from sealink.wire.framing.sse import event_frame

COMMENT: Final = b":\n"
"""A comment without a blank line after it: openai-go before 3.43 takes an empty event for the end."""

KEEPALIVE: Final = event_frame(b"keepalive", b'{"type":"keepalive","sequence_number":0}')
"""OpenAI's own, on long answers: Codex counts events, not comments; the stock SDKs ignore it.
https://github.com/openai/openai-node/pull/1965"""

HEARTBEATS: Final[dict[HeartbeatShape, bytes]] = {"comment": COMMENT, "chunk": KEEPALIVE, "off": b""}
