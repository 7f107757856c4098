"""Google's generateContent as upstreams speak it: the Gemini API, and the same in Google's cloud."""

import re

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.gemini_generate.upstream.decode import GenerateDecoder, decode_whole
from sealink.wire.dialects.gemini_generate.upstream.errors import NAME, read_error
from sealink.wire.dialects.gemini_generate.upstream.list_models import model_list_at
from sealink.wire.dialects.gemini_generate.upstream.plain_answer import read_plain
from sealink.wire.dialects.gemini_generate.upstream.write_request import IDENTIFIERS, write_request
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.json_array import JsonArrayFramer
from sealink.wire.framing.sse import SseFramer
from sealink.wire.stream.handler import Decoder, Framer
from sealink.wire.stream.plain_answer import PlainAnswer

_VERSION_SEGMENT = re.compile(r"/v\d\w*(?:/|$)")


class GeminiGenerateUpstream:
    """An UpstreamDialect. `models_path`: the path of the models below a provider's base URL."""

    name = NAME
    json_stream = b"["
    identifiers = IDENTIFIERS

    def __init__(self, models_path: str) -> None:
        self._models_path = models_path
        self.model_list = model_list_at(models_path)

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model, self._models_path)

    def framer(self) -> Framer:
        return SseOrJsonArrayFramer()

    def decoder(self) -> Decoder:
        return GenerateDecoder()

    def read_plain(self, body: bytes) -> PlainAnswer | None:
        return read_plain(body)

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


class SseOrJsonArrayFramer:
    """A Framer for either form of a stream: SSE, or one JSON array, where a proxy has left out `alt=sse`.

    The first character that is not white space decides.
    """

    def __init__(self) -> None:
        self._framer: SseFramer | JsonArrayFramer | None = None

    def feed(self, data: bytes) -> list[Frame]:
        if self._framer is not None:
            return self._framer.feed(data)
        begun = data.lstrip()
        if not begun:
            return []
        self._framer = JsonArrayFramer() if begun[:1] in (b"[", b"{") else SseFramer()
        return self._framer.feed(begun)

    def close(self) -> list[Frame]:
        return [] if self._framer is None else self._framer.close()


def names_a_version(base_url: str) -> bool:
    """Whether the path of a base URL names a version of the API, as Google's cloud does (`…/v1/projects/P/…`)."""
    return _VERSION_SEGMENT.search(base_url) is not None
