"""An upstream's body, kept until it is whole, within a size."""

from typing import Final

from sealink.errors import GatewayTimeout, UpstreamError

MAX_WHOLE_BYTES: Final = 64 * 1024 * 1024
"""The largest body that is read whole: of an answer that is not streamed, or of an error."""

MESSAGES: Final = {
    "first_content": "The upstream sent no content",
    "idle": "The upstream sent nothing",
    "total": "The answer has not come to its end",
}
"""What has not happened in time, by the code of the error."""


def timed_out(timer: str, limit_s: float) -> GatewayTimeout:
    """The error of one of the timers of `[timeouts]`; its code is the timer's name without `_s`."""
    return GatewayTimeout(f"{MESSAGES[timer]} for {limit_s:g} seconds.", code=timer)


def check_size(size: int) -> None:
    """Raises UpstreamError where so many bytes of a body are too many."""
    if size > MAX_WHOLE_BYTES:
        raise UpstreamError(f"The upstream's answer is larger than {MAX_WHOLE_BYTES} bytes.", code="upstream_too_large")


class WholeBody:
    """The pieces of a body."""

    __slots__ = ("_pieces", "size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, data: bytes) -> None:
        """Raises UpstreamError where it grows too large."""
        self._pieces.append(data)
        self.size += len(data)
        check_size(self.size)

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)
