"""POST /v1/embeddings: a whole answer like any other, but for what is asked and how it is read."""

from sealink.catalog.tokens import estimate_tokens
from sealink.errors import InvalidRequest
from sealink.gateway.attempt import ClientRequest, WholeAttempt
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.embeddings import EmbeddingsUpstream
from sealink.wire.stream.outcome import Outcome


class EmbeddingsAttempt(WholeAttempt):
    """`answer` returns with a whole list of embeddings, as OpenAI's clients read it, in `body`."""

    def _outgoing(self, asked: ClientRequest, target: Target) -> OutgoingRequest:
        profile = target.provider.profile
        return apply_profile(_upstream(target).outgoing(asked.head, target.model), profile and profile.embeddings)

    def _rewrite(self, answer: bytes) -> bytes:
        asked, target = self._asked, self.target

        def estimate() -> int:
            return estimate_tokens(asked.client.prompt_text(asked.head))

        body, usage = _upstream(target).answer(answer, asked.head, target.model, estimate)
        self.outcome = Outcome(usage=usage, provenance="provider" if usage else None, complete=True)
        return body


def _upstream(target: Target) -> EmbeddingsUpstream:
    provider = target.provider
    if provider.embeddings is None:
        raise InvalidRequest(
            f"The provider {provider.name!r} has no embeddings.", code="unsupported_parameter", param="model"
        )
    return provider.embeddings
