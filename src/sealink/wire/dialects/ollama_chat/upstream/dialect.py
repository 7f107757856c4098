"""Ollama's own chat API as upstreams speak it."""

from collections.abc import Callable
from typing import Final

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.ollama_chat.upstream.decode import ChatDecoder, decode_whole
from sealink.wire.dialects.ollama_chat.upstream.errors import NAME, read_error
from sealink.wire.dialects.ollama_chat.upstream.list_models import MODEL_LIST
from sealink.wire.dialects.ollama_chat.upstream.write_request import write_request
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.json_array import JsonArrayFramer
from sealink.wire.framing.ndjson import NdjsonFramer
from sealink.wire.framing.sse import SseFramer
from sealink.wire.identifiers import Identifiers
from sealink.wire.stream.handler import Decoder, Framer

MAX_FIRST_LINE_BYTES: Final = 4096
"""A longer first line is not a document in several lines: only these have little on their first one."""


class OllamaChatUpstream:
    """An UpstreamDialect. A provider's base URL has no path: `/api/chat` is added."""

    name = NAME
    json_stream = b"{"
    model_list = MODEL_LIST
    identifiers = Identifiers()

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        return write_request(request, model)

    def framer(self) -> Framer:
        return SseOrLinesFramer()

    def decoder(self) -> Decoder:
        return ChatDecoder()

    def read_plain(self, body: bytes) -> None:
        """Every answer is read as events."""

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


class SseOrLinesFramer:
    """A Framer of NDJSON, as Ollama sends it; of server-sent events, where a proxy has made them of it; or of JSON that
    is not on one line, as a whole answer may be.

    The first line decides, and its framer then takes this one's place.
    """

    feed: Callable[[bytes], list[Frame]]
    close: Callable[[], list[Frame]]

    def __init__(self) -> None:
        self._begun = b""
        self.feed = self._feed
        self.close = self._close

    def _feed(self, data: bytes) -> list[Frame]:
        begun = self._begun = (self._begun + data).lstrip()
        if len(begun) > MAX_FIRST_LINE_BYTES or b"\n" in begun or not b"{".startswith(begun[:1]):
            framer = _framer_of(begun)
            self.feed, self.close = framer.feed, framer.close
            return framer.feed(begun)
        return []

    def _close(self) -> list[Frame]:
        framer = _framer_of(self._begun)
        return [*framer.feed(self._begun), *framer.close()]


def _framer_of(begun: bytes) -> NdjsonFramer | JsonArrayFramer | SseFramer:
    if not begun.startswith(b"{"):
        return SseFramer() if begun.startswith((b"data:", b"event:", b":")) else NdjsonFramer()
    line, is_line, _ = begun.partition(b"\n")
    return JsonArrayFramer() if is_line and not line.rstrip().endswith(b"}") else NdjsonFramer()
