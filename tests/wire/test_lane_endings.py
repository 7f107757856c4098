"""How a lane ends when its upstream's bytes do."""

import pytest

from sealink.wire.dialects import openai_chat
from sealink.wire.stream.lane import Lane

HEAD = b'data: {"id":"1","object":"chat.completion.chunk",'
ROLE = HEAD + b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}\n\n'
STOP = HEAD + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = HEAD + b'"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'


def lane() -> Lane:
    head = openai_chat.CLIENT.parse_head(b'{"model":"m","messages":[{"role":"user"}],"stream":true}', {})
    return Lane(openai_chat.UPSTREAM.framer(), openai_chat.UPSTREAM.passthrough(head))


@pytest.mark.parametrize(
    ("came", "framed", "is_whole"),
    [
        (ROLE + STOP, True, True),
        (ROLE + STOP, False, False),
        (ROLE + STOP + USAGE, False, True),
        (ROLE + STOP + b"data: [DONE]", False, True),  # Gemini's last event has no blank line after it
        (ROLE + STOP + b"data: [DO", False, False),
        (ROLE, True, False),
    ],
)
def test_the_end_of_an_unframed_body_proves_nothing(came: bytes, framed: bool, is_whole: bool) -> None:
    upstream = lane()
    out = upstream.feed(came) + upstream.close(None, framed=framed)
    assert upstream.ended
    assert out.endswith(b"data: [DONE]\n\n") == is_whole
    assert out.count(b'{"error":') == (not is_whole)
