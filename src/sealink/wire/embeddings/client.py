"""Embeddings as OpenAI's clients speak it. https://platform.openai.com/docs/api-reference/embeddings"""

from collections.abc import Callable, Mapping

from sealink.errors import SealinkError
from sealink.wire.dialect import Limited, RequestHead
from sealink.wire.dialects.shared.openai_errors import error_body
from sealink.wire.embeddings.parse_request import parse_head, texts_of
from sealink.wire.rate_limits import duration, openai_limit_headers


class EmbeddingsClient:
    """A ClientApi. Its answers are never streamed and have no events: EmbeddingsUpstream writes them whole."""

    name = "embeddings"

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        return parse_head(body)

    def prompt_text(self, head: RequestHead) -> str:
        return "\n".join(texts_of(head.fields))

    def max_output_tokens(self, head: RequestHead) -> int | None:
        return 0

    def structured_output(self, head: RequestHead) -> None:
        return None

    def limit_headers(self, what: Limited) -> tuple[str, str, str]:
        return openai_limit_headers(what)

    def limit_reset(self, reset_s: float, reset_at: Callable[[], str]) -> str:
        return duration(reset_s)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        """OpenAI's error body has no place for the request's id: it is in `x-request-id`."""
        return error_body(error)
