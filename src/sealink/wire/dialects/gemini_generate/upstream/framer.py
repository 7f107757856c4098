"""Which form a stream is in: `alt=sse`, or, where somebody on the way has left that out, one JSON array."""

from sealink.wire.framing.frame import Frame
from sealink.wire.framing.json_array import JsonArrayFramer
from sealink.wire.framing.sse import SseFramer


class EitherFramer:
    """A Framer: the first character that is no white space decides."""

    def __init__(self) -> None:
        self._framer: SseFramer | JsonArrayFramer | None = None

    def feed(self, data: bytes) -> list[Frame]:
        if self._framer is not None:
            return self._framer.feed(data)
        begun = data.lstrip()
        if not begun:
            return []
        self._framer = JsonArrayFramer() if begun[:1] in (b"[", b"{") else SseFramer()
        return self._framer.feed(begun)

    def close(self) -> list[Frame]:
        return [] if self._framer is None else self._framer.close()
