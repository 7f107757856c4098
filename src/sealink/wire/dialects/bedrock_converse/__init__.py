"""Amazon Bedrock's Converse. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html

request    a neutral request → POST /model/{modelId}/converse-stream, or /converse
turns      its conversation
media      its images, documents and sounds
tools      its tools, and the choice among them
families   what only the models of one vendor take: thinking, top_k, prompt caching
stream     messages of a binary event stream, or a whole answer → events
blocks     the content blocks of an answer, as they open, grow and close
errors     exceptions, inside a stream or before it
"""

from typing import Final

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest, UpstreamDialect
from sealink.wire.dialects.bedrock_converse.upstream.decode import ConverseDecoder, decode_whole
from sealink.wire.dialects.bedrock_converse.upstream.errors import NAME, read_error
from sealink.wire.dialects.bedrock_converse.upstream.write_request import write_request
from sealink.wire.framing.aws_event_stream import AwsEventStreamFramer
from sealink.wire.stream.handler import Decoder, Framer


class BedrockConverse:
    """An UpstreamDialect. A provider's base URL has no path: `https://bedrock-runtime.us-east-1.amazonaws.com`."""

    name = NAME

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def framer(self) -> Framer:
        return AwsEventStreamFramer()

    def decoder(self) -> Decoder:
        return ConverseDecoder()

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


UPSTREAM: Final[UpstreamDialect] = BedrockConverse()
