"""Attempts at an answer that is not streamed."""

import asyncio
from collections.abc import Callable

import msgspec

from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.attempt import Attempt, Mark, WriteRequest
from sealink.gateway.failover.whole_body import read_whole, timed_out
from sealink.net.message import Pool
from sealink.policy.routing import Target
from sealink.wire.stream.outcome import Outcome


class WholeOperation(msgspec.Struct, frozen=True):
    """How the request for a whole answer is written, and how a target's answer becomes the client's.

    `read_answer` returns the client's body and what was learned from the answer. It raises UpstreamError for one that
    makes no sense.
    """

    write_request: WriteRequest
    read_answer: Callable[[bytes, ClientRequest, Target], tuple[bytes, Outcome]]

    def attempt(self, request: ClientRequest, target: Target, pool: Pool, mark: Mark) -> "WholeAttempt":
        return WholeAttempt(self, request, target, pool, mark)


class WholeAttempt(Attempt):
    """`answer` returns when the whole answer is in `body`, as the client is to read it. The connection is released."""

    def __init__(
        self, operation: WholeOperation, request: ClientRequest, target: Target, pool: Pool, mark: Mark
    ) -> None:
        super().__init__(operation.write_request, request, target, pool, mark)
        self.body = b""
        self._read_answer = operation.read_answer

    async def receive(self) -> None:
        timeouts = self.target.timeouts
        try:
            async with asyncio.timeout(self.request.time_left_s(self.target)):
                first = await self._first_bytes()
                answer = await read_whole(self.upstream, timeouts.idle_s, first)
        except TimeoutError:
            raise timed_out("total", timeouts.total_s) from None
        self.body, self.outcome = self._read_answer(answer, self.request, self.target)
        self.release()

    async def _first_bytes(self) -> bytes:
        """The beginning of the answer's body, for which `first_content_s` is allowed."""
        limit_s = self.target.timeouts.first_content_s
        timer = asyncio.timeout(limit_s)
        try:
            async with timer:
                await self.send()
                return await self.upstream.read()
        except TimeoutError:
            if timer.expired():
                raise timed_out("first_content", limit_s) from None
            raise
