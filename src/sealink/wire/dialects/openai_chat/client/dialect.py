"""OpenAI's Chat Completions as clients speak it. https://platform.openai.com/docs/api-reference/chat"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from msgspec import Raw

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest, StructuredOutput
from sealink.wire.dialect import ClientDialect, FallbackIdentity, HeartbeatShape, Limited, RequestHead
from sealink.wire.dialects.openai_chat.client import errors
from sealink.wire.dialects.openai_chat.client.encode_stream import ChunkEncoder
from sealink.wire.dialects.openai_chat.client.encode_whole import encode_plain, encode_whole
from sealink.wire.dialects.openai_chat.client.extras import with_extras
from sealink.wire.dialects.openai_chat.client.heartbeat import HEARTBEATS
from sealink.wire.dialects.openai_chat.client.parse_request import parse_head, parse_request, prompt_text
from sealink.wire.dialects.openai_chat.client.responses_body import is_responses_body, rewrite
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.rate_limits import duration, openai_limit_headers, stated_tokens
from sealink.wire.stream.plain_answer import PlainAnswer
from sealink.wire.structured_output import read_structured_output


class OpenAIChatClient:
    """A ClientDialect. With `responses_api`, the dialect of that API, it accepts requests of that shape, too, and
    answers them as chat completions."""

    name = NAME
    spellings: Mapping[str, str] = MappingProxyType({})

    def __init__(self, responses_api: ClientDialect | None = None) -> None:
        self._responses_api = responses_api

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        if self._responses_api is not None and is_responses_body(body):
            body = rewrite(body, headers, self._responses_api)
        return parse_head(body)

    def parse_request(self, head: RequestHead) -> ChatRequest:
        return parse_request(head)

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> ChunkEncoder:
        return ChunkEncoder(request, identity)

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        return encode_whole(request, events, identity)

    def plain(self, request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
        return encode_plain(request, answer, identity)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        """OpenAI's error body has no place for the request's id: it is in `x-request-id`."""
        return errors.error_body(error)

    def error_frame(self, error: SealinkError) -> bytes:
        return errors.error_frame(error)

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        return HEARTBEATS[shape]

    def with_extras(self, first: bytes, last: bytes, extras: Raw) -> bytes:
        return with_extras(first, last, extras)

    def prompt_text(self, head: RequestHead) -> str:
        return prompt_text(head)

    def max_output_tokens(self, head: RequestHead) -> int | None:
        return stated_tokens(head.fields, ("max_completion_tokens", "max_tokens"), "n")

    def structured_output(self, head: RequestHead) -> StructuredOutput | None:
        fields = head.fields
        if not ("response_format" in fields or "tool_choice" in fields or "function_call" in fields):  # nearly always
            return None
        choices = fields.get("tool_choice"), fields.get("function_call")
        return read_structured_output(fields.get("response_format"), *choices)

    def limit_headers(self, what: Limited) -> tuple[str, str, str]:
        return openai_limit_headers(what)

    def limit_reset(self, reset_s: float, reset_at: Callable[[], str]) -> str:
        return duration(reset_s)
