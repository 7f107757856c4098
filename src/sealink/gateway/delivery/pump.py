"""Moves one stream from its upstream to its client, chunk by chunk. The lane between them rewrites the chunks."""

from collections.abc import Callable
from typing import Protocol

from sealink.errors import SealinkError
from sealink.gateway.delivery.stream_timers import StreamTimers
from sealink.net.message import UpstreamResponse
from sealink.wire.stream.lane import Lane


class Client(Protocol):
    """Where the stream goes: a ClientStream."""

    write: Callable[[bytes], bool]
    write_chunk: Callable[[bytes, int], bool] | None

    @property
    def paused(self) -> bool: ...
    def wait_for_room(self, go_on: Callable[[], None]) -> None: ...
    def finish(self, data: bytes = b"") -> None: ...


class Pump:
    """Moves the rest of a stream in the calls that receive it, and finishes the client's. While the client's buffer is
    full, the upstream is not read.

    `on_end` is called once, when the client's stream is finished; with an exception if that is a bug of SeaLink's.
    """

    __slots__ = (
        "_client",
        "_is_over",
        "_lane",
        "_on_end",
        "_passage",
        "_timers",
        "_upstream",
        "_waits_for_client",
    )

    def __init__(
        self,
        upstream: UpstreamResponse,
        client: Client,
        lane: Lane,
        timers: StreamTimers,
        on_end: Callable[[Exception | None], None],
    ) -> None:
        self._upstream = upstream
        self._client = client
        self._lane = lane
        self._passage = lane.passage
        self._timers = timers
        self._on_end = on_end
        self._is_over = self._waits_for_client = False
        self._passage.connect(client, timers.heard, self._wait_for_client)

    def start(self) -> None:
        """Move what has come already, and from now on all that comes."""
        self._upstream.on_news = self.go_on
        self._timers.resume()
        self.go_on()

    def go_on(self) -> None:
        """Something has come that was not moved: what has waited, the end, a failure; or the client has room again."""
        if self._is_over or self._waits_for_client:
            return
        try:
            self._move_waiting()
        except SealinkError as error:
            self.fail(error)
        except Exception as bug:  # noqa: BLE001 -- it is logged by the server
            self.stop()
            self._on_end(bug)

    def client_ready(self) -> None:
        """The client's buffer has room again."""
        if self._waits_for_client and not self._is_over:
            self._waits_for_client = False
            self._timers.resume()
            self.go_on()

    def fail(self, error: SealinkError) -> None:
        """End the stream with an error."""
        if not self._is_over:
            self._finish(self._lane.close(error))

    def stop(self) -> None:
        """Move nothing more. The upstream is to be closed or released."""
        self._is_over = True
        self._passage.end()

    def _move_waiting(self) -> None:
        if self._lane.ended:
            self._finish(b"")
            return
        if self._client.paused:
            self._wait_for_client()
            return
        upstream = self._upstream
        while (data := upstream.read_now()) is not None:
            if not data:
                self._finish(self._lane.close(None, framed=upstream.framed))
                return
            if not self._move(data):
                return
        self._timers.heard()  # compressed bytes that have not become any others yet are a sign of life, too
        upstream.forward_to(self._move, self._passage.pass_on)

    def _move(self, data: bytes) -> bool:
        """Move one read. Returns whether the next is wanted."""
        self._timers.heard()
        lane = self._lane
        out = lane.feed(data)
        if lane.ended:
            self._finish(out)
            return False
        if self._client.write(out):
            return True
        self._wait_for_client()
        return False

    def _wait_for_client(self) -> None:
        self._waits_for_client = True
        self._timers.pause()
        self._client.wait_for_room(self.client_ready)

    def _finish(self, out: bytes) -> None:
        self.stop()
        self._client.finish(out)
        self._on_end(None)
