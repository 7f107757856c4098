"""Google's Gemini API, generateContent, and the same in Google's cloud. https://ai.google.dev/api/generate-content

request      a neutral request → POST …/models/{model}:streamGenerateContent
contents     its conversation
signatures   the signatures of what the model thought, on their way through clients
tools        its tools
schema       its JSON Schemas
generation   its knobs
thinking     its reasoning effort
models       what each Gemini model takes
framer       a stream's bytes → chunks, in either of two forms
views        what is read of a chunk
decoder      chunks, or a whole answer → events
citations    where the answer has its words from
logprobs     how probable its words were
usage        token counts
finish       the words with which answers end
errors       error bodies, read
"""

import re
from typing import Final

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest, UpstreamDialect
from sealink.wire.dialects.gemini_generate.upstream.decode import AnswerDecoder, decode_whole
from sealink.wire.dialects.gemini_generate.upstream.errors import NAME, read_error
from sealink.wire.dialects.gemini_generate.upstream.framer import EitherFramer
from sealink.wire.dialects.gemini_generate.upstream.write_request import write_request
from sealink.wire.stream.handler import Decoder, Framer

_VERSION_SEGMENT = re.compile(r"/v\d\w*(?:/|$)")


class GeminiGenerate:
    """generateContent as an upstream speaks it. No client does, so there is nothing to relay.

    `models_path` is where the models hang under a provider's base URL.
    """

    name = NAME

    def __init__(self, models_path: str) -> None:
        self._models_path = models_path

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model, self._models_path)

    def framer(self) -> Framer:
        return EitherFramer()

    def decoder(self) -> Decoder:
        return AnswerDecoder()

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


UPSTREAM: Final[UpstreamDialect] = GeminiGenerate("/v1beta/models")
"""At an address as Google's SDK is given it, without a path."""

UPSTREAM_BELOW_A_VERSION: Final[UpstreamDialect] = GeminiGenerate("/models")
"""At an address that names a version of the API, as the cloud's do: …/v1/projects/P/locations/L/publishers/google."""


def upstream_at(base_url: str) -> UpstreamDialect:
    """What is spoken at an address."""
    return UPSTREAM_BELOW_A_VERSION if _VERSION_SEGMENT.search(base_url) else UPSTREAM


__all__ = ["UPSTREAM", "upstream_at"]
