"""Attempts at a whole answer that ask the target for a stream.

So the answer can be cancelled and metered while it is made, and no time-out for silent connections on the way to the
provider ends it. The client gets the same as without.
"""

from collections.abc import Callable

import msgspec

from sealink.events import Event
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.attempt import Surroundings
from sealink.gateway.failover.whole import WholeAttempt, WholeOperation
from sealink.gateway.failover.whole_body import check_size
from sealink.policy.routing import Target
from sealink.wire.stream.gathering import Gathering
from sealink.wire.stream.lane import Lane


class GatheredOperation(WholeOperation, frozen=True):
    """`read_answer` is not used: `open_lane` reads the stream into a Gathering, and `fold` makes the client's body."""

    open_lane: Callable[[ClientRequest, Target, Gathering], Lane]
    fold: Callable[[list[Event], ClientRequest], bytes]

    def attempt(self, request: ClientRequest, target: Target, surroundings: Surroundings) -> "GatheredAttempt":
        return GatheredAttempt(self, request, target, surroundings)


class GatheredAttempt(WholeAttempt):
    """It ends when the stream has ended. A stream that breaks off has failed: nothing of it was sent to the client."""

    def __init__(
        self, operation: GatheredOperation, request: ClientRequest, target: Target, surroundings: Surroundings
    ) -> None:
        super().__init__(operation, _streamed(request), target, surroundings)
        self._operation = operation
        self._asked = request
        self._gathering = Gathering()
        self._size = 0
        self._lane: Lane

    def begin(self) -> None:
        lane = self._lane = self._operation.open_lane(self.request, self.target, self._gathering)
        lane.words = self.words
        self.outcome = lane.outcome

    def receive(self, data: bytes) -> bool:
        lane = self._lane
        if data:
            self._size += len(data)
            check_size(self._size)
            lane.feed(data)
        else:
            lane.close(None, framed=self.upstream.framed)
        if self.outcome.error is not None:
            raise self.outcome.error
        if not lane.ended:
            return False
        self.body = self._operation.fold(self._gathering.events, self._asked)
        self.release()
        return True

    @property
    def awaits_content(self) -> bool:
        return not self.outcome.content_started

    @property
    def has_begun(self) -> bool:
        return self.outcome.content_started


def _streamed(request: ClientRequest) -> ClientRequest:
    """The same request for a stream. All three APIs ask for one by `stream`."""
    head = request.head
    fields = {**head.fields, "stream": msgspec.Raw(b"true")}
    asked = msgspec.structs.replace(head, stream=True, fields=fields, body=msgspec.json.encode(fields))
    return msgspec.structs.replace(request, head=asked)
