"""The client's end of one stream: headers once, whole frames, heartbeats between them, one ending."""

from collections.abc import Callable

from sealink.gateway.delivery.resume import StreamLog
from sealink.gateway.delivery.unattended import Pace
from sealink.net.header_lines import Headers
from sealink.net.message import Responder


class ClientStream:
    """Writes to a Responder and, where there is one, to a listener: the log of a stream that can be resumed, say.

    Once the client has gone, what is written goes to the listener alone, at the pace of unattended streams.
    """

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._log: StreamLog | None = None
        self._listener: Callable[[bytes], None] | None = None
        self._pace: Pace | None = None
        self._finished = False
        self.is_resumable = False
        self.complete: Callable[[bytes], bytes] | None = None
        """What becomes of the stream's last bytes before they are sent."""
        self.write: Callable[[bytes], bool] = responder.write
        """Write to the client, and to the listener. Returns whether there is room for more."""
        self.write_chunk: Callable[[bytes, int], bool] | None = None
        """Write what is framed as a chunk already to the client. None where it is not chunks that must be written."""

    def keep_in(self, log: StreamLog) -> None:
        """Keep what is written in a log, from which the stream can be resumed."""
        self._log = log
        self.is_resumable = True
        self.copy_to(log.write)

    def copy_to(self, listener: Callable[[bytes], None]) -> None:
        """From now on give `listener` all that is written."""
        self._listener = listener
        self.write = self._write_to_both
        self.write_chunk = None

    def go_on_without_client(self, pace: Pace) -> None:
        """The client has gone: from now on `flush` keeps the pace."""
        self._pace = pace
        if self._log is not None:
            self._log.pace = pace
        self.write, self.write_chunk = self._write_to_listener, None

    @property
    def started(self) -> bool:
        return self._responder.started

    @property
    def gone(self) -> bool:
        return self._responder.gone

    @property
    def abandoned(self) -> bool:
        """Whether the client has gone and cannot come back for the stream."""
        return self.gone and not self.is_resumable

    @property
    def awaits_ending(self) -> bool:
        """Whether the stream has begun and somebody can still read how it ends: its client, or one that resumes it."""
        return not self._finished and (self.is_resumable if self.gone else self.started)

    @property
    def paused(self) -> bool:
        return self._responder.paused

    @property
    def bytes_sent(self) -> int:
        return self._responder.bytes_sent

    def start(self, headers: Headers, data: bytes) -> None:
        """Send status 200, the headers and the first data; only the data if a heartbeat has started the stream."""
        if self.started:
            self.write(data)
            return
        if self._listener is not None:
            self._listener(data)
        self._responder.start(200, headers, data)
        if self._listener is None and self._responder.is_chunked:
            self.write_chunk = self._responder.write_chunk

    def wait_for_room(self, go_on: Callable[[], None]) -> None:
        """Nothing more may be written. Call `go_on` when a stream without a client may go on; while there is a client,
        the responder tells its owner when that has room."""
        if self._pace is not None:
            self._pace.wait(go_on)

    def finish(self, data: bytes = b"") -> None:
        """End the stream, with `data`."""
        self._finished = True
        if data and self.complete is not None:
            data = self.complete(data)
        if data and self._listener is not None:
            self._listener(data)
        self._responder.finish(data)

    def _write_to_both(self, data: bytes) -> bool:
        assert self._listener is not None
        self._listener(data)
        return self._responder.write(data)

    def _write_to_listener(self, data: bytes) -> bool:
        assert self._listener is not None
        assert self._pace is not None
        self._listener(data)
        self._pace.count(data)
        return False
