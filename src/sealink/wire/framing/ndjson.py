"""Newline-delimited JSON: bytes in, whole lines out. https://github.com/ndjson/ndjson-spec"""

from sealink.errors import UpstreamError
from sealink.wire.framing.frame import MAX_FRAME_BYTES, Frame


class NdjsonFramer:
    """Cuts a byte stream into lines, each a frame; blank lines are skipped. Holds one unfinished line.

    A line ends in LF or CRLF; CR is white space to JSON.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The lines that `data` completes. Raises UpstreamError when the unfinished one has outgrown the limit."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(data)
            return []
        lines = bytes(self._pending) + data[: end - 1] if self._pending else data[: end - 1]
        self._pending.clear()
        self._keep(data[end:])
        return [Frame(line + b"\n", text) for line in lines.split(b"\n") if (text := line.strip())]

    def close(self) -> list[Frame]:
        """The last line of a stream that ended without a line end, if there is one."""
        rest = bytes(self._pending)
        self._pending.clear()
        return [Frame(rest, rest.strip())] if rest.strip() else []

    def _keep(self, data: bytes) -> None:
        self._pending += data
        if len(self._pending) > self._max_frame_bytes:
            raise UpstreamError(
                f"The upstream sent a line of more than {self._max_frame_bytes} bytes.", code="upstream_frame_too_large"
            )
