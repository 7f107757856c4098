"""One connection to Redis. What is written in one turn of the event loop goes out together (uvloop gathers it), and no
command waits for the answer to another."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import hiredis
from hiredis import ReplyError
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError, ResponseError

from sealink.limits.nodes.answers import Reply
from sealink.limits.nodes.commands import SCRIPT
from sealink.limits.subjects import Subject

_NAME: Final = "sealink"
_NOT_ALL: Final = object()
"""Of an answer that has not come to its end."""
_LOOKS: Final = 4
"""How often within `timeout_s` it is looked whether an answer is late: so it is found late by one look at most."""

OnReply = Callable[[Reply], None]
"""Called with the answer; with RedisAway where there is none."""
OnLost = Callable[["RedisAway", Iterable[Sequence[Subject]]], None]
"""Called with why, and with the subjects of what was sent and has no answer."""


class RedisAway(Exception):
    """Redis does not answer, or not as it should. Whether it has done what it was asked for is not known."""


class RedisConnection(asyncio.Protocol):
    """Open until Redis does not answer for `timeout_s`, or answers with an error. Then `on_lost` is called, once, and
    everything that waits gets RedisAway."""

    def __init__(self, url: str, timeout_s: float, on_lost: OnLost) -> None:
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        pool = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=timeout_s, client_name=_NAME, driver_info=None
        )
        self._connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._replies = hiredis.Reader(notEnoughData=_NOT_ALL)
        self._next_reply = self._replies.gets
        self._waiting: deque[tuple[int, Sequence[Subject], OnReply | None]] = deque()
        """What was asked for, in order, with the number of the look that came before it."""
        self._looks = 0
        self._watch: asyncio.TimerHandle | None = None
        self._lost: RedisAway | None = None

    async def open(self) -> None:
        """Connect, and load the script. Raises RedisAway."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._connection.connect()  # type: ignore[no-untyped-call]
                await self._connection.send_command("SCRIPT LOAD", SCRIPT)
                await self._connection.read_response()
        except (RedisError, OSError, TimeoutError) as error:
            await self._disconnect()
            raise RedisAway(str(error) or type(error).__name__) from error
        # The client's streams take tasks, and ten times as long: it has connected, and is not needed further.
        stream = self._connection._writer
        assert stream is not None
        self._transport = stream.transport
        self._transport.set_protocol(self)

    def send(self, command: bytes, subjects: Sequence[Subject] = (), on_reply: OnReply | None = None) -> None:
        """Have something done for these subjects."""
        if self._lost is not None:
            if on_reply is not None:
                on_reply(self._lost)
            return
        assert self._transport is not None
        self._transport.write(command)
        self._waiting.append((self._looks, subjects, on_reply))
        if self._watch is None:
            self._watch_on()

    def ask(self, command: bytes, subjects: Sequence[Subject] = ()) -> asyncio.Future[Reply]:
        """Have something done. The answer; RedisAway where there is none."""
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self.send(command, subjects, partial(_answer, answer))
        return answer

    def unanswered(self) -> list[Sequence[Subject]]:
        """The subjects of what was sent and has no answer yet."""
        return [subjects for _, subjects, _ in self._waiting]

    async def close(self) -> None:
        """End it."""
        self._end(RedisAway("the connection was closed"))
        await self._disconnect()

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        next_reply, waiting = self._next_reply, self._waiting
        try:
            self._replies.feed(data)
            while (reply := next_reply()) is not _NOT_ALL:
                if isinstance(reply, ReplyError):
                    self._lose(ResponseError(str(reply)))
                    return
                if waiting:
                    on_reply = waiting.popleft()[2]
                    if on_reply is not None:
                        on_reply(reply)
        except hiredis.ProtocolError as error:
            self._lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc or ConnectionError("Connection closed by server."))

    # Whether it answers in time.

    def _watch_on(self) -> None:
        self._watch = self._loop.call_later(self._timeout_s / _LOOKS, self._look)

    def _look(self) -> None:
        """Whether what was asked for first is late."""
        self._watch = None
        self._looks += 1
        if not self._waiting:
            return
        if self._looks - self._waiting[0][0] > _LOOKS:
            self._lose(TimeoutError(f"it has not answered for {self._timeout_s:g} s"))
        else:
            self._watch_on()

    def _lose(self, error: Exception) -> None:
        if self._lost is None:
            kind = "it answers: " if isinstance(error, ResponseError) else ""
            lost = RedisAway(f"{kind}{error}")
            self._on_lost(lost, self.unanswered())
            self._end(lost)

    def _end(self, lost: RedisAway) -> None:
        """Nothing is sent or received any more."""
        self._lost = self._lost or lost
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            _, _, on_reply = self._waiting.popleft()
            if on_reply is not None:
                on_reply(self._lost)

    async def _disconnect(self) -> None:
        try:
            await self._connection.disconnect(nowait=True)
        except (RedisError, OSError):
            return  # it was cut already


def _answer(answer: asyncio.Future[Reply], reply: Reply) -> None:
    if answer.done():
        return
    if isinstance(reply, RedisAway):
        answer.set_exception(reply)
    else:
        answer.set_result(reply)


async def answers(url: str, timeout_s: float) -> None:
    """Try whether Redis answers. Raises RedisAway."""
    connection = RedisConnection(url, timeout_s, lambda error, unanswered: None)
    await connection.open()
    await connection.close()
