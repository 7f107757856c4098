"""Embeddings as OpenAI's clients speak it. https://platform.openai.com/docs/api-reference/embeddings"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Raw

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, HeartbeatShape, RequestHead
from sealink.wire.dialects.shared.openai_errors import error_body
from sealink.wire.embeddings.parse_request import parse_head, texts_of
from sealink.wire.stream.handler import Encoder
from sealink.wire.stream.plain_answer import PlainAnswer


class EmbeddingsClient:
    """A ClientDialect whose answers are never streamed and have no events: EmbeddingsUpstream writes them whole."""

    name = "embeddings"
    spellings: Mapping[str, str] = MappingProxyType({})

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        return parse_head(body)

    def prompt_text(self, head: RequestHead) -> str:
        return "\n".join(texts_of(head.fields))

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        """OpenAI's error body has no place for the request's id: it is in `x-request-id`."""
        return error_body(error)

    def parse_request(self, head: RequestHead) -> ChatRequest:
        raise _never_streamed()

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> Encoder:
        raise _never_streamed()

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        raise _never_streamed()

    def plain(self, request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
        raise _never_streamed()

    def error_frame(self, error: SealinkError) -> bytes:
        raise _never_streamed()

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        raise _never_streamed()

    def with_extras(self, first: bytes, last: bytes, extras: Raw) -> bytes:
        raise _never_streamed()


def _never_streamed() -> NotImplementedError:
    return NotImplementedError("Embeddings have no chat request, no events and no stream.")
