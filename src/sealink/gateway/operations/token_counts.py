"""The operation that has an upstream count the tokens of a request."""

from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.whole import WholeOperation
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.wire.dialect import CountingDialect, OutgoingRequest
from sealink.wire.stream.outcome import Outcome


def write_request(request: ClientRequest, target: Target) -> OutgoingRequest:
    """The client's own bytes, for the counting endpoint of a target of the same dialect."""
    assert isinstance(request.client, CountingDialect)
    return apply_profile(request.client.forward_count(request.head, target.model), target.provider.profile)


def read_answer(answer: bytes, request: ClientRequest, target: Target) -> tuple[bytes, Outcome]:
    """The target's answer, as it is."""
    return answer, Outcome(complete=True)


COUNT_TOKENS = WholeOperation(write_request, read_answer)
