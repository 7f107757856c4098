"""What the admin API tells of what runs: open streams, of which it can end one, and the targets of models."""

from collections.abc import Callable

import msgspec

from sealink.admin.operation import Call, Operation
from sealink.admin.shapes import Target, TargetList, TargetState
from sealink.errors import NotFound
from sealink.gateway.open_exchanges import OpenStream
from sealink.policy.routing import ModelRoute


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


class TargetOperations:
    """`routes` are those of all models, `states` is called in threads, and asks all processes."""

    def __init__(self, routes: Callable[[], tuple[ModelRoute, ...]], states: Callable[[], list[TargetState]]) -> None:
        self._routes = routes
        self._states = states

    def list(self, call: Call) -> TargetList:
        """Those of each model, in the order in which they are tried."""
        states = {(each.provider, each.model): each.state for each in self._states()}
        found = []
        for route in self._routes():
            for target in route.targets:
                place = target.provider.name, target.model
                found.append(Target(route.model, *place, states.get(place)))
        return TargetList(found)


def operations_on_targets(
    routes: Callable[[], tuple[ModelRoute, ...]], states: Callable[[], list[TargetState]]
) -> tuple[Operation, ...]:
    """The operation."""
    targets = TargetOperations(routes, states)
    return (Operation("GET", "/admin/v1/targets", "List the targets of models.", targets.list, TargetList),)


def operations_on_streams(read: Callable[[], StreamList], end: Callable[[str], bool]) -> tuple[Operation, ...]:
    """The operations."""
    streams = StreamOperations(read, end)
    return (
        Operation("GET", "/admin/v1/streams", "List open streams.", streams.list, StreamList),
        Operation("DELETE", "/admin/v1/streams/{name}", "End a stream.", streams.end, StreamEnded),
    )
