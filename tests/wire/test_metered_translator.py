"""A stream that is cut by its meter ends whole in every client dialect."""

import pytest

from sealink.events import BlockStart, StreamStart, TextDelta
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialect import ClientDialect, FallbackIdentity
from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import StatelessDeltas
from sealink.wire.stream.metered_translator import MeteredTranslator

ENDINGS = {
    "openai": (openai_chat.CLIENT, b'"finish_reason":"length"', b"[DONE]"),
    "anthropic": (anthropic_messages.CLIENT, b'"stop_reason":"max_tokens"', b"message_stop"),
    "responses": (openai_responses.CLIENT, b'"reason":"max_output_tokens"', b"response.incomplete"),
}


class Words(StatelessDeltas):
    """A decoder: each frame is a word."""

    def __init__(self) -> None:
        self.has_begun = False

    def decode(self, frame: Frame):  # type: ignore[no-untyped-def]
        if not self.has_begun:
            self.has_begun = True
            yield StreamStart("id", "m")
            yield BlockStart(0, "text")
        yield TextDelta(0, frame.data.decode())

    def close(self):  # type: ignore[no-untyped-def]
        return ()


@pytest.mark.parametrize("name", ENDINGS)
def test_the_ending_is_that_of_an_answer_at_its_length(name: str) -> None:
    client: ClientDialect
    client, reason, last = ENDINGS[name]  # type: ignore[assignment]
    seen: list[int] = []

    def meter(tokens: int, reported: Usage | None) -> Usage | None:
        seen.append(tokens)
        return Usage(input_tokens=3, output_tokens=tokens) if tokens >= 5 else None

    encoder = client.encoder(ChatRequest("m", [], stream=True), FallbackIdentity("id", 1, "m"))
    handler = MeteredTranslator(Words(), encoder, meter, lambda: "budget_exceeded")
    out = b""
    while not handler.outcome.complete:
        out += handler.handle(Frame(b"", b" word"))
    assert seen == [1, 2, 3, 4, 5]
    assert handler.outcome.cut == "budget_exceeded"
    assert handler.delta_text == ""
    assert (out.count(reason), out.count(b'"error"'), last in out) == (1, out.count(b'"error":null'), True)
