"""Attempts at a stream."""

from collections.abc import Callable

import msgspec

from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.attempt import Attempt, Surroundings, WriteRequest
from sealink.policy.routing import Target
from sealink.wire.stream.lane import Lane


class StreamOperation(msgspec.Struct, frozen=True):
    """How the request for a stream is written, and which lane turns a target's stream into the client's."""

    write_request: WriteRequest
    open_lane: Callable[[ClientRequest, Target], Lane]

    def attempt(self, request: ClientRequest, target: Target, surroundings: Surroundings) -> "StreamedAttempt":
        return StreamedAttempt(self, request, target, surroundings)


class StreamedAttempt(Attempt):
    """It ends when the first content has come. All up to it is in `held`: so a failure can still be a status. `lane`
    turns what follows. An answer that is complete and empty is an answer.
    """

    lane: Lane

    def __init__(
        self, operation: StreamOperation, request: ClientRequest, target: Target, surroundings: Surroundings
    ) -> None:
        super().__init__(operation.write_request, request, target, surroundings)
        self._held: list[bytes] = []
        self._open_lane = operation.open_lane

    @property
    def held(self) -> bytes:
        return b"".join(self._held)

    def begin(self) -> None:
        lane = self.lane = self._open_lane(self.request, self.target)  # not earlier: the upstream need not wait for it
        lane.words = self._words
        self.outcome = lane.outcome

    def receive(self, data: bytes) -> bool:
        lane, outcome = self.lane, self.outcome
        self._held.append(lane.feed(data) if data else lane.close(None, framed=self.upstream.framed))
        if outcome.error is not None:
            raise outcome.error
        return outcome.content_started or lane.ended
