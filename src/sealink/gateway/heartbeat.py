"""Signs of life for a client that waits: from the start, in a shape that it survives, never in the way of a status."""

from typing import Annotated

import msgspec

from sealink.amounts import Delay, Seconds
from sealink.wire.dialect import HeartbeatShape

PathPrefix = Annotated[str, msgspec.Meta(pattern="^/")]


class HeartbeatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a stream's client is sent a heartbeat.

    `grace_s`: until then a stream that has not begun can still be answered by a true HTTP status; the first
    heartbeat gives that up. `interval_s`: how long a client hears nothing between two. `shape`: `comment` (an
    SSE comment line), `chunk` (an event that says nothing, for clients whose watchdogs count events only), or `off`.
    `paths`: other shapes, for paths that begin like this; the longest that fits counts. Anthropic's clients are sent
    the pings of their own API unless these say otherwise.
    """

    shape: HeartbeatShape = "comment"
    paths: dict[PathPrefix, HeartbeatShape] = msgspec.field(
        default_factory=lambda: {"/v1/messages": "chunk", "/anthropic/": "chunk"}
    )
    grace_s: Delay = 10.0
    interval_s: Seconds = 10.0

    def shape_on(self, path: str) -> HeartbeatShape:
        """The shape for the clients of a path."""
        fitting = [prefix for prefix in self.paths if path.startswith(prefix)]
        return self.paths[max(fitting, key=len)] if fitting else self.shape
