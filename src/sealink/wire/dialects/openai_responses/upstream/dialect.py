"""The Responses API as upstreams speak it: OpenAI, and vendors with a compatible API."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import ANONYMOUS, FallbackIdentity, OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.dialects.openai_responses.upstream.decode import ResponseDecoder, decode_whole
from sealink.wire.dialects.openai_responses.upstream.errors import read_error
from sealink.wire.dialects.openai_responses.upstream.forward_request import forward_request
from sealink.wire.dialects.openai_responses.upstream.passthrough import ResponsesPassthrough, passthrough_whole
from sealink.wire.dialects.openai_responses.upstream.plain_answer import read_plain
from sealink.wire.dialects.openai_responses.upstream.write_request import IDENTIFIERS, write_request
from sealink.wire.dialects.shared.openai_request import MODEL_LIST
from sealink.wire.framing.sse import SseFramer
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.plain_answer import PlainAnswer


class OpenAIResponsesUpstream:
    """A PassthroughDialect. A provider's base URL ends in `/v1`, or wherever `/responses` is.

    `server_call_ids`: what the ids of calls begin with that the vendor runs itself, but sends like the client's.
    """

    name = NAME
    model_list = MODEL_LIST
    identifiers = IDENTIFIERS
    json_stream = b""
    takes_whole_chunks = False

    def __init__(self, server_call_ids: str = "") -> None:
        self._server_call_ids = server_call_ids

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        return forward_request(head, model)

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> ResponseDecoder:
        return ResponseDecoder(self._server_call_ids)

    def passes_through(self, head: RequestHead) -> bool:
        return True

    def passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> ResponsesPassthrough:
        return ResponsesPassthrough(identity)

    def cuttable_passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> None:
        return None

    def read_plain(self, body: bytes) -> PlainAnswer | None:
        return read_plain(body)

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body, self._server_call_ids)

    def passthrough_whole(self, body: bytes, identity: FallbackIdentity = ANONYMOUS) -> tuple[bytes, Outcome]:
        return passthrough_whole(body, identity)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
