"""What the client of a stream is told: headers once, whole frames, heartbeats between them, one ending."""

from collections.abc import Callable

from sealink.errors import HeaderList
from sealink.gateway.stream_log import StreamLog
from sealink.net.message import Responder


class ClientStream:
    """A Responder that counts, and that also writes to a listener: the log of a stream that can be resumed, say.

    Once the client has gone, what is written goes to the listener alone, if there is one.
    """

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._log: StreamLog | None = None
        self._listener: Callable[[bytes], None] | None = None
        self._finished = False
        self.write: Callable[[bytes], bool] = responder.write
        """Tell the client, and the listener. Returns whether the client keeps up."""

    def keep_in(self, log: StreamLog) -> None:
        """What is told can be read there again."""
        self._log = log
        self.tell_also(log.write)

    @property
    def started(self) -> bool:
        return self._responder.started

    @property
    def is_kept(self) -> bool:
        """Whether the stream can be resumed."""
        return self._log is not None

    @property
    def is_listening(self) -> bool:
        """Whether somebody may still read how the stream ends: its client, or one that comes back for it."""
        return not self._finished and (self.is_kept if self.gone else self.started)

    @property
    def gone(self) -> bool:
        return self._responder.gone

    @property
    def abandoned(self) -> bool:
        """Whether the client has gone for good."""
        return self.gone and not self.is_kept

    @property
    def paused(self) -> bool:
        return self._responder.paused

    def start(self, headers: HeaderList, data: bytes) -> None:
        """Say 200, and which headers, only once, since heartbeats may have begun before the answer; and the first."""
        if self.started:
            self.write(data)
            return
        if self._listener is not None:
            self._listener(data)
        self._responder.start(200, headers, data)

    def tell_also(self, listener: Callable[[bytes], None]) -> None:
        """From here on, let `listener` have what is written."""
        self._listener = listener
        self.write = self._write_to_both

    @property
    def bytes_sent(self) -> int:
        return self._responder.bytes_sent

    async def drain(self) -> None:
        await self._responder.drain()

    def _write_to_both(self, data: bytes) -> bool:
        assert self._listener is not None
        self._listener(data)
        return self._responder.write(data)

    def finish(self, data: bytes = b"") -> None:
        """The end, and what is told last."""
        self._finished = True
        if data and self._listener is not None:
            self._listener(data)
        self._responder.finish(data)
