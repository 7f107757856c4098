"""Heartbeats: what keeps a stream alive while there is no content.

Anthropic's SDKs (Python and TypeScript) accept all of these, also before `message_start`: tests/acceptance proves it.
"""

from typing import Final

from sealink.wire.dialect import HeartbeatShape

PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
"""Byte for byte what Anthropic sends: its clients reset their timeouts on it."""

HEARTBEATS: Final[dict[HeartbeatShape, bytes]] = {"comment": b":\n", "chunk": PING, "off": b""}
