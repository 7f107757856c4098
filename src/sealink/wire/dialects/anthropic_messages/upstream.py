"""Anthropic's Messages API as upstreams speak it: Anthropic, and those who offer its format. A base URL has no path."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Outcome, Outgoing, RequestHead
from sealink.wire.dialects.anthropic_messages.errors import NAME, read_error
from sealink.wire.dialects.anthropic_messages.forward import forward_request
from sealink.wire.dialects.anthropic_messages.relay import MessageRelay, relay_whole
from sealink.wire.dialects.anthropic_messages.stream import MessageDecoder, whole_events
from sealink.wire.dialects.anthropic_messages.write import write_request
from sealink.wire.sse import SseFramer


class AnthropicMessagesUpstream:
    """A RelayDialect."""

    name = NAME

    def write_request(self, request: ChatRequest, model: str) -> Outgoing:
        return write_request(request, model)

    def forward_request(self, head: RequestHead, model: str) -> Outgoing:
        return forward_request(head, model)

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> MessageDecoder:
        return MessageDecoder()

    def relay(self, head: RequestHead) -> MessageRelay:
        return MessageRelay()

    def whole_events(self, body: bytes) -> list[Event]:
        return whole_events(body)

    def relay_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        return relay_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
