"""Anthropic's Messages API as upstreams speak it: Anthropic, and other providers of its format."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import ANONYMOUS, FallbackIdentity, OutgoingRequest, RequestHead
from sealink.wire.dialects.anthropic_messages.error_types import NAME
from sealink.wire.dialects.anthropic_messages.upstream.decode import MessageDecoder, decode_whole
from sealink.wire.dialects.anthropic_messages.upstream.errors import read_error
from sealink.wire.dialects.anthropic_messages.upstream.forward_request import forward_request
from sealink.wire.dialects.anthropic_messages.upstream.list_models import MODEL_LIST
from sealink.wire.dialects.anthropic_messages.upstream.passthrough import MessagesPassthrough, passthrough_whole
from sealink.wire.dialects.anthropic_messages.upstream.plain_answer import read_plain
from sealink.wire.dialects.anthropic_messages.upstream.write_request import IDENTIFIERS, write_request
from sealink.wire.framing.sse import SseFramer
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.plain_answer import PlainAnswer


class AnthropicMessagesUpstream:
    """A PassthroughDialect. A provider's base URL has no path: `https://api.anthropic.com`."""

    name = NAME
    json_stream = b""
    takes_whole_chunks = False
    model_list = MODEL_LIST
    identifiers = IDENTIFIERS

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        return forward_request(head, model)

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> MessageDecoder:
        return MessageDecoder()

    def passes_through(self, head: RequestHead) -> bool:
        return True

    def passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> MessagesPassthrough:
        return MessagesPassthrough(identity)

    def cuttable_passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> MessagesPassthrough:
        return self.passthrough(head, identity)

    def read_plain(self, body: bytes) -> PlainAnswer | None:
        return read_plain(body)

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def passthrough_whole(self, body: bytes, identity: FallbackIdentity = ANONYMOUS) -> tuple[bytes, Outcome]:
        return passthrough_whole(body, identity)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
