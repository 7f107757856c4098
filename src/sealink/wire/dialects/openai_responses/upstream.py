"""The Responses API as upstreams speak it: OpenAI, and those who call themselves compatible."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Outcome, Outgoing, RequestHead
from sealink.wire.dialects.openai_responses.errors import read_error
from sealink.wire.dialects.openai_responses.relay import ResponseRelay, relay_whole
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.dialects.openai_responses.stream import ResponseDecoder, whole_events
from sealink.wire.dialects.openai_responses.write import forward_request, write_request
from sealink.wire.sse import SseFramer


class OpenAIResponsesUpstream:
    """A RelayDialect. A provider's base URL ends in `/v1`, or wherever `/responses` hangs."""

    name = NAME

    def write_request(self, request: ChatRequest, model: str) -> Outgoing:
        return write_request(request, model)

    def forward_request(self, head: RequestHead, model: str) -> Outgoing:
        return forward_request(head, model)

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> ResponseDecoder:
        return ResponseDecoder()

    def relay(self, head: RequestHead) -> ResponseRelay:
        return ResponseRelay()

    def whole_events(self, body: bytes) -> list[Event]:
        return whole_events(body)

    def relay_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        return relay_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
