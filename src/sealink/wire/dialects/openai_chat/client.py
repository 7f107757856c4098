"""OpenAI's Chat Completions as clients speak it. https://platform.openai.com/docs/api-reference/chat"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sealink.errors import SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Birth, ClientDialect, HeartbeatShape, RequestHead
from sealink.wire.dialects.openai_chat import errors
from sealink.wire.dialects.openai_chat.chunks import ChunkEncoder
from sealink.wire.dialects.openai_chat.completion import completion
from sealink.wire.dialects.openai_chat.cousin import is_of_another_shape, rewritten
from sealink.wire.dialects.openai_chat.head import read_head
from sealink.wire.dialects.openai_chat.heartbeats import HEARTBEATS
from sealink.wire.dialects.openai_chat.prompt import prompt_text
from sealink.wire.dialects.openai_chat.request import read_request


class OpenAIChatClient:
    """A ClientDialect. Given a `cousin`, it also takes requests of that dialect, and answers them in its own."""

    name = errors.NAME
    spellings: Mapping[str, str] = MappingProxyType({})

    def __init__(self, cousin: ClientDialect | None = None) -> None:
        self._cousin = cousin

    def read_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        if self._cousin is not None and is_of_another_shape(body):
            body = rewritten(body, headers, self._cousin)
        return read_head(body)

    def read_request(self, head: RequestHead) -> ChatRequest:
        return read_request(head)

    def encoder(self, request: ChatRequest, birth: Birth) -> ChunkEncoder:
        return ChunkEncoder(request, birth)

    def whole(self, request: ChatRequest, events: Iterable[Event], birth: Birth) -> bytes:
        return completion(request, events, birth)

    def error_body(self, error: SealinkError, request_id: str) -> bytes:
        """OpenAI's error body has no place for the request's id: it stands in `x-request-id`."""
        return errors.error_body(error)

    def error_frame(self, error: SealinkError) -> bytes:
        return errors.error_frame(error)

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        return HEARTBEATS[shape]

    def prompt_text(self, head: RequestHead) -> str:
        return prompt_text(head)
