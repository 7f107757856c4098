"""Signs of life on a stream that has nothing to say yet.

Anthropic's SDKs (Python and TypeScript) take all of these, before `message_start` too: tests/acceptance runs them.
"""

from typing import Final

from sealink.wire.dialect import HeartbeatShape

PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
"""Anthropic's own, byte for byte: the watchdogs of its clients count it."""

HEARTBEATS: Final[dict[HeartbeatShape, bytes]] = {"comment": b":\n", "chunk": PING, "off": b""}
