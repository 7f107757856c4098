"""Anthropic's Messages API as clients speak it. https://platform.claude.com/docs/en/api/messages"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Birth, HeartbeatShape, Outgoing, RequestHead
from sealink.wire.dialects.anthropic_messages import errors
from sealink.wire.dialects.anthropic_messages.encoder import MessageEncoder
from sealink.wire.dialects.anthropic_messages.forward import forward_count
from sealink.wire.dialects.anthropic_messages.head import prompt_text, read_head
from sealink.wire.dialects.anthropic_messages.heartbeats import HEARTBEATS
from sealink.wire.dialects.anthropic_messages.message import whole_message
from sealink.wire.dialects.anthropic_messages.request import read_request
from sealink.wire.raw_json import encode


class AnthropicMessagesClient:
    """A CountingDialect."""

    name = errors.NAME
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

    def read_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        return read_head(body, headers)

    def read_request(self, head: RequestHead) -> ChatRequest:
        return read_request(head)

    def encoder(self, request: ChatRequest, birth: Birth) -> MessageEncoder:
        return MessageEncoder(request, birth)

    def whole(self, request: ChatRequest, events: Iterable[Event], birth: Birth) -> bytes:
        return whole_message(request, events, birth)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        return errors.error_body(error, request_id)

    def error_frame(self, error: SealinkError) -> bytes:
        return errors.error_frame(error)

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        return HEARTBEATS[shape]

    def forward_count(self, head: RequestHead, model: str) -> Outgoing:
        return forward_count(head, model)

    def counted(self, tokens: int) -> bytes:
        return encode({"input_tokens": tokens})

    def prompt_text(self, head: RequestHead) -> str:
        return prompt_text(head)
