"""What the admin API does with open streams: lists them, and ends one."""

from collections.abc import Callable

import msgspec

from sealink.admin.operation import Call, Operation
from sealink.errors import NotFound
from sealink.gateway.open_exchanges import OpenStream


class StreamList(msgspec.Struct, frozen=True):
    """The open streams of all processes, the newest first. There may be more than are listed: `total` counts them."""

    data: list[OpenStream]
    total: int
    next: str | None = None


class StreamEnded(msgspec.Struct, frozen=True):
    """A stream that was ended; its client has been told so."""

    id: str
    ended: bool = True


class StreamOperations:
    """`read` and `end` are called in threads, and ask all processes."""

    def __init__(self, read: Callable[[], StreamList], end: Callable[[str], bool]) -> None:
        self._read = read
        self._end = end

    def list(self, call: Call) -> StreamList:
        return self._read()

    def end(self, call: Call) -> StreamEnded:
        """Raises NotFound: there is none of that id, or it has ended by itself."""
        if not self._end(call.name):
            raise NotFound(f"There is no open stream {call.name!r}.", code="stream_not_found")
        return StreamEnded(call.name)


def operations_on_streams(read: Callable[[], StreamList], end: Callable[[str], bool]) -> tuple[Operation, ...]:
    """The operations."""
    streams = StreamOperations(read, end)
    return (
        Operation("GET", "/admin/v1/streams", "List open streams.", streams.list, StreamList),
        Operation("DELETE", "/admin/v1/streams/{name}", "End a stream.", streams.end, StreamEnded),
    )
