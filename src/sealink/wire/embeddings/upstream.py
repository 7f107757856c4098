"""What an upstream's format of embeddings must be able to do."""

from collections.abc import Callable
from typing import Final, Protocol

from sealink.usage import Usage
from sealink.wire.dialect import OutgoingRequest, RequestHead

Estimate = Callable[[], int]

MAX_TOKENS: Final = 2**53
"""An upstream's count of tokens beyond this is not valid."""


class EmbeddingsUpstream(Protocol):
    """A format of embeddings, as upstreams speak it."""

    def outgoing(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The request in this format. Raises InvalidRequest naming what the format does not support."""

    def answer(self, body: bytes, head: RequestHead, model: str, estimate: Estimate) -> tuple[bytes, Usage | None]:
        """The upstream's answer in OpenAI's shape, and the usage if the upstream reported it. Raises UpstreamError.

        `estimate` counts the prompt's tokens for the client if the upstream did not.
        """
