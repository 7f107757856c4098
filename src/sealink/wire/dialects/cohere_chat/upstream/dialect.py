"""Cohere's chat API as upstreams speak it."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.cohere_chat.upstream.decode import ChatDecoder, decode_whole
from sealink.wire.dialects.cohere_chat.upstream.errors import NAME, read_error
from sealink.wire.dialects.cohere_chat.upstream.list_models import MODEL_LIST
from sealink.wire.dialects.cohere_chat.upstream.write_request import write_request
from sealink.wire.framing.sse import SseFramer
from sealink.wire.identifiers import Identifiers
from sealink.wire.stream.handler import Decoder, Framer


class CohereChatUpstream:
    """An UpstreamDialect. A provider's base URL has no path: `https://api.cohere.com`."""

    name = NAME
    json_stream = b""
    model_list = MODEL_LIST
    identifiers = Identifiers()

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def framer(self) -> Framer:
        return SseFramer()

    def decoder(self) -> Decoder:
        return ChatDecoder()

    def read_plain(self, body: bytes) -> None:
        """Every answer is read as events."""

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
