"""Attempts at a stream."""

from collections.abc import Callable

import msgspec

from sealink.errors import UpstreamError
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.attempt import Attempt, Surroundings, WriteRequest
from sealink.net.client.limits import UpstreamLimits
from sealink.policy.routing import Target
from sealink.wire.stream.lane import Lane


class StreamOperation(msgspec.Struct, frozen=True):
    """How the request for a stream is written, and which lane turns a target's stream into the client's.

    `max_before_content_bytes`: what a stream may send before its first content.
    """

    write_request: WriteRequest
    open_lane: Callable[[ClientRequest, Target], Lane]
    max_before_content_bytes: int = UpstreamLimits().max_before_content_bytes

    def attempt(self, request: ClientRequest, target: Target, surroundings: Surroundings) -> "StreamedAttempt":
        return StreamedAttempt(self, request, target, surroundings)


class StreamedAttempt(Attempt):
    """It ends when the first content has come. All up to it is held: so a failure can still be a status. `lane`
    turns what follows. An answer that is complete and empty is an answer.
    """

    lane: Lane

    def __init__(
        self, operation: StreamOperation, request: ClientRequest, target: Target, surroundings: Surroundings
    ) -> None:
        super().__init__(operation.write_request, request, target, surroundings)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._operation = operation

    def take_held(self) -> bytes:
        """What is held, which is not kept."""
        held, self._held = b"".join(self._held), []
        return held

    def begin(self) -> None:
        # not earlier: the upstream need not wait for it
        lane = self.lane = self._operation.open_lane(self.request, self.target)
        lane.words = self.words
        self.outcome = lane.outcome
        self.forget_request()

    def receive(self, data: bytes) -> bool:
        lane, outcome = self.lane, self.outcome
        frames = outcome.frames
        self._held.append(lane.feed(data) if data else lane.close(None, framed=self.upstream.framed))
        if outcome.error is not None:
            raise outcome.error
        if outcome.content_started or lane.ended:
            return True
        if outcome.frames > frames:  # an unfinished frame has a limit of its own: an image may be larger
            self._limit_held(len(data))
        return False

    def _limit_held(self, more_bytes: int) -> None:
        self._held_bytes += more_bytes
        most = self._operation.max_before_content_bytes
        if self._held_bytes > most:
            raise UpstreamError(
                f"The upstream sent more than {most} bytes before the first content.", code="upstream_too_large"
            )
