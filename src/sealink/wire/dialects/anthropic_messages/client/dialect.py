"""Anthropic's Messages API as clients speak it. https://platform.claude.com/docs/en/api/messages"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from msgspec import Raw

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest, StructuredOutput
from sealink.wire.dialect import FallbackIdentity, HeartbeatShape, Limited, OutgoingRequest, RequestHead
from sealink.wire.dialects.anthropic_messages.client import rate_limits
from sealink.wire.dialects.anthropic_messages.client.encode_stream import MessageEncoder
from sealink.wire.dialects.anthropic_messages.client.encode_whole import encode_plain, encode_whole
from sealink.wire.dialects.anthropic_messages.client.errors import error_body, error_frame
from sealink.wire.dialects.anthropic_messages.client.heartbeat import HEARTBEATS
from sealink.wire.dialects.anthropic_messages.client.parse_request import parse_head, parse_request, prompt_text
from sealink.wire.dialects.anthropic_messages.error_types import NAME
from sealink.wire.dialects.anthropic_messages.upstream.forward_request import forward_count
from sealink.wire.rate_limits import stated_tokens
from sealink.wire.raw_json.fields import encode, is_null, object_of
from sealink.wire.stream.extras import with_field
from sealink.wire.stream.plain_answer import PlainAnswer
from sealink.wire.structured_output import read_structured_output


class AnthropicMessagesClient:
    """A CountingDialect."""

    name = NAME
    spellings: Mapping[str, str] = MappingProxyType(
        {
            "image_url.detail": "image.detail",
            "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
            "reasoning_effort": "output_config.effort",
            "response_format": "output_config.format",
            "stop": "stop_sequences",
            "thinking_budget": "thinking.budget_tokens",
            "thinking_summary": "thinking.display",
            "tools.function.strict": "tools.strict",
            "user": "metadata.user_id",
        }
    )

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        return parse_head(body, headers)

    def parse_request(self, head: RequestHead) -> ChatRequest:
        return parse_request(head)

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> MessageEncoder:
        return MessageEncoder(request, identity)

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        return encode_whole(request, events, identity)

    def plain(self, request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
        return encode_plain(request, answer, identity)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def error_frame(self, error: SealinkError) -> bytes:
        return error_frame(error)

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        return HEARTBEATS[shape]

    def forward_count(self, head: RequestHead, model: str) -> OutgoingRequest:
        return forward_count(head, model)

    def counted(self, tokens: int) -> bytes:
        return encode({"input_tokens": tokens})

    def with_extras(self, first: bytes, last: bytes, extras: Raw) -> bytes:
        return with_field(last, extras)

    def prompt_text(self, head: RequestHead) -> str:
        return prompt_text(head)

    def max_output_tokens(self, head: RequestHead) -> int | None:
        return stated_tokens(head.fields, ("max_tokens",))

    def structured_output(self, head: RequestHead) -> StructuredOutput | None:
        fields = head.fields
        if not ("tool_choice" in fields or "output_config" in fields or "output_format" in fields):  # nearly always
            return None
        format = fields.get("output_format")
        if is_null(format):
            format = (object_of(fields.get("output_config")) or {}).get("format")
        return read_structured_output(format, fields.get("tool_choice"))

    def limit_headers(self, what: Limited) -> tuple[str, str, str]:
        return rate_limits.limit_headers(what)

    def limit_reset(self, reset_s: float, reset_at: Callable[[], str]) -> str:
        return reset_at()
