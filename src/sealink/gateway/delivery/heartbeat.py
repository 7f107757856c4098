"""Heartbeats: what a stream's client is sent while the model is silent, so that nothing on the way gives it up."""

from typing import Annotated

import msgspec

from sealink.amounts import Delay, Seconds
from sealink.wire.dialect import HeartbeatShape

PathPrefix = Annotated[str, msgspec.Meta(pattern="^/")]


class HeartbeatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[heartbeat]: when a stream's client is sent a heartbeat, and which."""

    shape: HeartbeatShape = "comment"
    """`comment`: an SSE comment line. `chunk`: an event without content, for clients whose watchdogs count events only.
    `off`: none. Anthropic's clients are sent the pings of their own API, unless `paths` has another shape for their
    path."""
    paths: dict[PathPrefix, HeartbeatShape] = {}
    """Other shapes by the beginning of the path, `"/v1/chat/" = "chunk"`; the longest that fits counts."""
    grace_s: Delay = 10.0
    """Until then a stream without content can still be answered by an error status; the first heartbeat commits it to
    status 200."""
    interval_s: Seconds = 10.0
    """The silence after which a heartbeat is sent."""

    def shape_on(self, path: str, endpoints_own: HeartbeatShape | None = None) -> HeartbeatShape:
        """The shape on a path: that of `paths`, else the endpoint's own, else `shape`."""
        fitting = [prefix for prefix in self.paths if path.startswith(prefix)]
        return self.paths[max(fitting, key=len)] if fitting else endpoints_own or self.shape
