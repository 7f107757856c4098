"""Bedrock's Converse API as upstreams speak it."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.bedrock_converse.upstream.decode import ConverseDecoder, decode_whole
from sealink.wire.dialects.bedrock_converse.upstream.errors import NAME, read_error
from sealink.wire.dialects.bedrock_converse.upstream.write_request import IDENTIFIERS, write_request
from sealink.wire.framing.aws_event_stream import AwsEventStreamFramer


class BedrockConverseUpstream:
    """An UpstreamDialect. A provider's base URL has no path: `https://bedrock-runtime.us-east-1.amazonaws.com`."""

    name = NAME
    json_stream = b""
    model_list = None  # it is the business of another host, and of another right
    identifiers = IDENTIFIERS

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def framer(self) -> AwsEventStreamFramer:
        return AwsEventStreamFramer()

    def decoder(self) -> ConverseDecoder:
        return ConverseDecoder()

    def read_plain(self, body: bytes) -> None:
        """Every answer is read as events."""

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)
