"""The Responses API as clients speak it. https://platform.openai.com/docs/api-reference/responses"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from msgspec import Raw

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest, StructuredOutput
from sealink.wire.dialect import FallbackIdentity, HeartbeatShape, Limited, RequestHead
from sealink.wire.dialects.openai_responses.client.encode_stream import ResponseEncoder
from sealink.wire.dialects.openai_responses.client.encode_whole import encode_plain, encode_whole
from sealink.wire.dialects.openai_responses.client.errors import error_body, error_frame
from sealink.wire.dialects.openai_responses.client.heartbeat import HEARTBEATS
from sealink.wire.dialects.openai_responses.client.parse_request import parse_head, parse_request, prompt_text
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.rate_limits import duration, openai_limit_headers, stated_tokens
from sealink.wire.raw_json.fields import object_of
from sealink.wire.stream.extras import with_field
from sealink.wire.stream.plain_answer import PlainAnswer
from sealink.wire.structured_output import read_structured_output


class OpenAIResponsesClient:
    """A ClientDialect."""

    name = NAME
    spellings: Mapping[str, str] = MappingProxyType(
        {
            "logprobs": "top_logprobs",
            "max_completion_tokens": "max_output_tokens",
            "reasoning_effort": "reasoning.effort",
            "response_format": "text.format",
            "thinking_budget": "reasoning.max_tokens",
            "thinking_summary": "reasoning.summary",
            "tools.custom.format": "tools.format",
            "tools.function.strict": "tools.strict",
        }
    )

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        return parse_head(body, headers)

    def parse_request(self, head: RequestHead) -> ChatRequest:
        return parse_request(head)

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> ResponseEncoder:
        return ResponseEncoder(request, identity)

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        return encode_whole(request, events, identity)

    def plain(self, request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
        return encode_plain(request, answer, identity)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        """OpenAI's error body has no field for the request's id, which is in the `x-request-id` header."""
        return error_body(error)

    def error_frame(self, error: SealinkError) -> bytes:
        return error_frame(error)

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        return HEARTBEATS[shape]

    def with_extras(self, first: bytes, last: bytes, extras: Raw) -> bytes:
        return with_field(last, extras)

    def prompt_text(self, head: RequestHead) -> str:
        return prompt_text(head)

    def max_output_tokens(self, head: RequestHead) -> int | None:
        return stated_tokens(head.fields, ("max_output_tokens",))

    def structured_output(self, head: RequestHead) -> StructuredOutput | None:
        fields = head.fields
        if not ("text" in fields or "tool_choice" in fields):  # nearly always
            return None
        format = (object_of(fields.get("text")) or {}).get("format")
        return read_structured_output(format, fields.get("tool_choice"))

    def limit_headers(self, what: Limited) -> tuple[str, str, str]:
        return openai_limit_headers(what)

    def limit_reset(self, reset_s: float, reset_at: Callable[[], str]) -> str:
        return duration(reset_s)
