"""OpenAI's Chat Completions as upstreams speak it: OpenAI, and every vendor that calls its API compatible."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import ANONYMOUS, FallbackIdentity, OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_chat.upstream import errors
from sealink.wire.dialects.openai_chat.upstream.decode import ChatDecoder, decode_whole
from sealink.wire.dialects.openai_chat.upstream.forward_request import forward_request
from sealink.wire.dialects.openai_chat.upstream.passthrough import ChatPassthrough, passthrough_whole
from sealink.wire.dialects.openai_chat.upstream.plain_answer import read_plain
from sealink.wire.dialects.openai_chat.upstream.tools import has_custom_tools
from sealink.wire.dialects.openai_chat.upstream.write_request import IDENTIFIERS, PATH, write_request
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.dialects.shared.openai_request import MODEL_LIST
from sealink.wire.framing.sse import SseFramer
from sealink.wire.raw_json.fields import integer_of
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.plain_answer import PlainAnswer


class OpenAIChatUpstream:
    """A PassthroughDialect. A provider's base URL ends in `/v1`, or in whatever stands before `/chat/completions`.

    `wants_thinking`: the vendor wants its model's reasoning in earlier answers back; OpenAI refuses such a field.
    `takes_custom_tools`: it has not only functions, as most vendors do.
    """

    name = NAME
    json_stream = b""
    takes_whole_chunks = True
    model_list = MODEL_LIST
    identifiers = IDENTIFIERS

    def __init__(self, *, wants_thinking: bool = False, takes_custom_tools: bool = True) -> None:
        self._wants_thinking = wants_thinking
        self._takes_custom_tools = takes_custom_tools

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        body, dropped = write_request(
            request, model, with_thinking=self._wants_thinking, takes_custom_tools=self._takes_custom_tools
        )
        return OutgoingRequest(PATH, body, dropped=dropped)

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        return forward_request(head, model, takes_custom_tools=self._takes_custom_tools)

    def passes_through(self, head: RequestHead) -> bool:
        return self._takes_custom_tools or not has_custom_tools(head.fields)

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> ChatDecoder:
        return ChatDecoder()

    def passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> ChatPassthrough:
        choices = integer_of(head.fields.get("n")) or 1
        return ChatPassthrough(identity, usage_asked=head.include_usage, choices_asked=choices)

    def cuttable_passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> ChatPassthrough:
        return self.passthrough(head, identity)

    def read_plain(self, body: bytes) -> PlainAnswer | None:
        return read_plain(body)

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def passthrough_whole(self, body: bytes, identity: FallbackIdentity = ANONYMOUS) -> tuple[bytes, Outcome]:
        return passthrough_whole(body, identity)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return errors.read_error(status, headers, body)
