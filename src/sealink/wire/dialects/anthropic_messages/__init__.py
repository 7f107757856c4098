"""Anthropic's Messages API. https://platform.claude.com/docs/en/api/messages

request    a neutral request → POST /v1/messages
turns      its conversation
thinking   its reasoning effort
sampling   its sampling knobs
schema     its JSON Schemas
models     what each Claude model takes
stream     frames, or a whole message → events
relay      the same bytes on, for clients of this dialect
errors     error bodies and frames, read and written
"""

from typing import Final

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Decoder, Framer, Outcome, Outgoing, Relay, RelayDialect, RequestHead
from sealink.wire.dialects.anthropic_messages.errors import NAME, error_body, read_error
from sealink.wire.dialects.anthropic_messages.relay import MessageRelay, relay_whole
from sealink.wire.dialects.anthropic_messages.stream import MessageDecoder, whole_events
from sealink.wire.dialects.anthropic_messages.write import forward_request, write_request
from sealink.wire.sse import SseFramer


class AnthropicMessages:
    """Anthropic's Messages API as an upstream speaks it."""

    name = NAME

    def write_request(self, request: ChatRequest, model: str) -> Outgoing:
        return write_request(request, model)

    def forward_request(self, head: RequestHead, model: str) -> Outgoing:
        return forward_request(head, model)

    def framer(self) -> Framer:
        return SseFramer()

    def decoder(self) -> Decoder:
        return MessageDecoder()

    def relay(self, head: RequestHead) -> Relay:
        return MessageRelay()

    def whole_events(self, body: bytes) -> list[Event]:
        return whole_events(body)

    def relay_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        return relay_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


__all__ = ["UPSTREAM", "error_body"]

UPSTREAM: Final[RelayDialect] = AnthropicMessages()
