"""Which form a stream is in: `alt=sse`, or, where somebody on the way has left that out, one JSON array."""

from sealink.wire.json_array import JsonArrayFramer
from sealink.wire.sse import Frame, SseFramer

_WHITE: bytes = b" \t\r\n"


class EitherFramer:
    """A Framer: the first character that is no white space decides."""

    def __init__(self) -> None:
        self._framer: SseFramer | JsonArrayFramer | None = None
        self._white = b""

    def feed(self, data: bytes) -> list[Frame]:
        if self._framer is not None:
            return self._framer.feed(data)
        data = self._white + data
        if not (rest := data.lstrip(_WHITE)):
            self._white = data[-1:]  # of white space, only what may be half a line end matters
            return []
        self._framer = JsonArrayFramer() if rest[:1] in (b"[", b"{") else SseFramer()
        return self._framer.feed(data)

    def close(self) -> list[Frame]:
        return [] if self._framer is None else self._framer.close()
