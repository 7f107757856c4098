"""Ollama's own chat. https://docs.ollama.com/api/chat

request    a neutral request → POST /api/chat
messages   its conversation
stream     lines of JSON, or a whole answer → events
"""

from typing import Final

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Decoder, Framer, Outgoing, UpstreamDialect
from sealink.wire.dialects.ollama_chat.request import write_request
from sealink.wire.dialects.ollama_chat.stream import NAME, ChatDecoder, read_error, whole_events
from sealink.wire.ndjson import NdjsonFramer


class OllamaChat:
    """An UpstreamDialect. A provider's base URL has no path: `/api/chat` is added."""

    name = NAME

    def write_request(self, request: ChatRequest, model: str) -> Outgoing:
        return write_request(request, model)

    def framer(self) -> Framer:
        return NdjsonFramer()

    def decoder(self) -> Decoder:
        return ChatDecoder()

    def whole_events(self, body: bytes) -> list[Event]:
        return whole_events(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return read_error(status, headers, body)


UPSTREAM: Final[UpstreamDialect] = OllamaChat()
