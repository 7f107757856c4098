"""The operation of embeddings: how the request is written, and the answer read. All else is as for any whole answer."""

from sealink.catalog.tokens import estimate_tokens
from sealink.errors import InvalidRequest
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.whole import WholeOperation
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.embeddings import EmbeddingsUpstream
from sealink.wire.stream.outcome import Outcome


def write_request(request: ClientRequest, target: Target) -> OutgoingRequest:
    """The request for a target, with what its vendor's profile has for embeddings."""
    profile = target.provider.profile
    return apply_profile(_upstream(target).outgoing(request.head, target.model), profile and profile.embeddings)


def read_answer(answer: bytes, request: ClientRequest, target: Target) -> tuple[bytes, Outcome]:
    """The embeddings as OpenAI's clients read them."""

    def estimate() -> int:
        return estimate_tokens(request.client.prompt_text(request.head))

    body, usage = _upstream(target).answer(answer, request.head, target.model, estimate)
    return body, Outcome(usage=usage, provenance="provider" if usage else None, complete=True)


EMBEDDINGS = WholeOperation(write_request, read_answer)


def _upstream(target: Target) -> EmbeddingsUpstream:
    provider = target.provider
    if provider.embeddings is None:
        raise InvalidRequest(
            f"The provider {provider.name!r} has no embeddings.", code="unsupported_parameter", param="model"
        )
    return provider.embeddings
