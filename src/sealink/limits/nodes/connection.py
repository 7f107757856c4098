"""One connection to Redis. The commands of one turn of the event loop go out together, and none waits for another."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import sha1
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError, ResponseError

from sealink.limits.nodes.script import SCRIPT, Operation

_NAME: Final = "sealink"
_NOT_ALL: Final = object()
"""Of an answer that has not come to its end."""

Reply = Any
OnReply = Callable[[Reply], None]
OnLost = Callable[["RedisAway", Iterable[Operation]], None]
"""Called with why, and with what was sent and has no answer."""


class RedisAway(Exception):
    """Redis does not answer, or not as it should. Whether it has done what it was asked for is not known."""


class RedisConnection:
    """Open until Redis does not answer for `timeout_s`, or answers with an error. Then `on_lost` is called, once, and
    everything that waits gets RedisAway."""

    def __init__(self, url: str, process: str, timeout_s: float, on_lost: OnLost) -> None:
        self.now_us = 0
        """What the script takes for the time; 0: Redis's clock."""
        self._process = process
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        pool = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=timeout_s, client_name=_NAME, driver_info=None
        )
        self._connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        self._script = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._unsent: list[bytes] = []
        self._waiting: deque[tuple[float, Operation, OnReply | None, asyncio.Future[Reply] | None]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._lost: RedisAway | None = None

    async def open(self) -> None:
        """Connect, and load the script. Raises RedisAway."""
        script = SCRIPT.read_bytes()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._connection.connect()  # type: ignore[no-untyped-call]
                await self._connection.send_command("SCRIPT LOAD", script)
                await self._connection.read_response()
        except (RedisError, OSError, TimeoutError) as error:
            await self._disconnect()
            raise RedisAway(str(error) or type(error).__name__) from error
        self._script = sha1(script, usedforsecurity=False).hexdigest().encode()
        # The client's streams take tasks, and ten times as long: it has connected, and is not needed further.
        stream = self._connection._writer
        assert stream is not None
        self._transport = stream.transport
        self._transport.set_protocol(_Replies(self._take, self._lose))

    def send(self, operation: Operation, on_reply: OnReply | None = None) -> None:
        """Have something done; `on_reply` is called with the answer, unless the connection is lost before."""
        if self._lost is None:
            self._send(operation, on_reply, None)

    def ask(self, operation: Operation) -> asyncio.Future[Reply]:
        """Have something done. The answer; RedisAway where there is none."""
        answer: asyncio.Future[Reply] = self._loop.create_future()
        if self._lost is None:
            self._send(operation, None, answer)
        else:
            answer.set_exception(self._lost)
        return answer

    def unanswered(self) -> list[Operation]:
        """What was sent and has no answer yet."""
        return [operation for _, operation, _, _ in self._waiting]

    async def close(self) -> None:
        """End it."""
        self._end(RedisAway("the connection was closed"))
        await self._disconnect()

    def _send(self, operation: Operation, on_reply: OnReply | None, answer: asyncio.Future[Reply] | None) -> None:
        keys = operation.keys
        command = (
            b"EVALSHA", self._script, len(keys), *keys,
            operation.name, self._process, self.now_us, *operation.arguments,
        )  # fmt: skip
        if not self._unsent:
            self._loop.call_soon(self._write)
        self._unsent.append(hiredis.pack_command(command))  # type: ignore[arg-type]
        self._waiting.append((self._loop.time() + self._timeout_s, operation, on_reply, answer))
        if self._watch is None:
            self._watch = self._loop.call_later(self._timeout_s, self._look)

    def _write(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and self._lost is None:
            self._transport.write(b"".join(unsent))

    def _take(self, reply: Reply) -> None:
        """The answer to what was asked first."""
        if not self._waiting:
            return
        _, _, on_reply, answer = self._waiting.popleft()
        if on_reply is not None:
            on_reply(reply)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def _look(self) -> None:
        """Whether what was asked for first is late."""
        loop = self._loop
        self._watch = None
        if not self._waiting:
            return
        if (due := self._waiting[0][0]) <= loop.time():
            self._lose(TimeoutError(f"it has not answered for {self._timeout_s:g} s"))
        else:
            self._watch = loop.call_at(due, self._look)

    def _lose(self, error: Exception) -> None:
        if self._lost is None:
            kind = "it answers: " if isinstance(error, ResponseError) else ""
            lost = RedisAway(f"{kind}{error}")
            self._on_lost(lost, self.unanswered())
            self._end(lost)

    def _end(self, lost: RedisAway) -> None:
        """Nothing is sent or received any more."""
        self._lost = self._lost or lost
        self._stop()
        waiting, self._waiting = self._waiting, deque()
        for *_, answer in waiting:
            if answer is not None and not answer.done():
                answer.set_exception(lost)

    def _stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _disconnect(self) -> None:
        try:
            await self._connection.disconnect(nowait=True)
        except (RedisError, OSError):
            return  # it was cut already


class _Replies(asyncio.Protocol):
    """Reads Redis's answers. `on_error` is called with one that is an error, and when the connection is lost."""

    def __init__(self, on_reply: OnReply, on_error: Callable[[Exception], None]) -> None:
        self._replies = hiredis.Reader(notEnoughData=_NOT_ALL)
        self._on_reply = on_reply
        self._on_error = on_error

    def data_received(self, data: bytes) -> None:
        replies = self._replies
        try:
            replies.feed(data)
            while (reply := replies.gets()) is not _NOT_ALL:
                if isinstance(reply, hiredis.ReplyError):
                    self._on_error(ResponseError(str(reply)))
                    return
                self._on_reply(reply)
        except hiredis.ProtocolError as error:
            self._on_error(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_error(exc or ConnectionError("Connection closed by server."))


async def answers(url: str, timeout_s: float) -> None:
    """Try whether Redis answers. Raises RedisAway."""
    connection = RedisConnection(url, "", timeout_s, lambda error, unanswered: None)
    await connection.open()
    await connection.close()
