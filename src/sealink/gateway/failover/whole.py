"""Attempts at an answer that is not streamed."""

from collections.abc import Callable

import msgspec

from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.attempt import Attempt, Surroundings, WriteRequest
from sealink.policy.routing import Target
from sealink.wire.stream.outcome import Outcome


class WholeOperation(msgspec.Struct, frozen=True):
    """How the request for a whole answer is written, and how a target's answer becomes the client's.

    `read_answer` returns the client's body and what was learned from the answer. It raises UpstreamError for one that
    makes no sense.
    """

    write_request: WriteRequest
    read_answer: Callable[[bytes, ClientRequest, Target], tuple[bytes, Outcome]]

    def attempt(self, request: ClientRequest, target: Target, surroundings: Surroundings) -> "WholeAttempt":
        return WholeAttempt(self, request, target, surroundings)


class WholeAttempt(Attempt):
    """It ends when the whole answer is in `body`, as the client is to read it. The connection is released."""

    def __init__(
        self, operation: WholeOperation, request: ClientRequest, target: Target, surroundings: Surroundings
    ) -> None:
        super().__init__(operation.write_request, request, target, surroundings)
        self.body = b""
        self._read_answer = operation.read_answer

    def begin(self) -> None:
        """Nothing is to be done before it is whole."""

    def receive(self, data: bytes) -> bool:
        if data:
            self._received.add(data)
            return False
        self.body, self.outcome = self._read_answer(self._received.whole(), self.request, self.target)
        self.release()
        return True

    @property
    def awaits_content(self) -> bool:
        return not (self._received.size and self.upstream.status == 200)
