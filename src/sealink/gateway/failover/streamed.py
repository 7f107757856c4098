"""Attempts at a stream."""

import asyncio
from collections.abc import Callable

import msgspec

from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.delivery.pump import hold_until_content
from sealink.gateway.failover.attempt import Attempt, Mark, WriteRequest
from sealink.gateway.failover.whole_body import timed_out
from sealink.net.client.limits import UpstreamLimits
from sealink.net.message import Pool
from sealink.policy.routing import Target
from sealink.wire.stream.lane import Lane


class StreamOperation(msgspec.Struct, frozen=True):
    """How the request for a stream is written, and which lane turns a target's stream into the client's.

    `max_before_content_bytes`: what a stream may send before its first content.
    """

    write_request: WriteRequest
    open_lane: Callable[[ClientRequest, Target], Lane]
    max_before_content_bytes: int = UpstreamLimits().max_before_content_bytes

    def attempt(self, request: ClientRequest, target: Target, pool: Pool, mark: Mark) -> "StreamedAttempt":
        return StreamedAttempt(self, request, target, pool, mark)


class StreamedAttempt(Attempt):
    """`answer` returns when the first content has come. All up to it is in `held`; `lane` turns what follows."""

    lane: Lane

    def __init__(
        self, operation: StreamOperation, request: ClientRequest, target: Target, pool: Pool, mark: Mark
    ) -> None:
        super().__init__(operation.write_request, request, target, pool, mark)
        self.held = b""
        self._operation = operation

    async def receive(self) -> None:
        timeouts, left_s = self.target.timeouts, self.request.time_left_s(self.target)
        try:
            async with asyncio.timeout(min(timeouts.first_content_s, left_s)):
                await self.send()
                # not earlier: the upstream need not wait for it
                self.lane = self._operation.open_lane(self.request, self.target)
                self.lane.words = self._words
                self.outcome = self.lane.outcome
                most = self._operation.max_before_content_bytes
                self.held = await hold_until_content(self.upstream, self.lane, most)
        except TimeoutError:
            if left_s < timeouts.first_content_s:
                raise timed_out("total", timeouts.total_s) from None
            raise timed_out("first_content", timeouts.first_content_s) from None

    def time_out(self, timer: str, limit_s: float) -> None:
        """One of the timers that run from the first content on has fired: the stream ends with its error."""
        self.upstream.fail(timed_out(timer, limit_s))
