"""Signs of life on a stream that has no content yet, in shapes that OpenAI's clients tolerate."""

from typing import Final

from sealink.wire.dialect import HeartbeatShape

KEEP_ALIVE: Final = b":\n"
"""A comment without a blank line after it: openai-go before 3.43 takes an empty event for the end of the stream."""

_EMPTY_CHUNK: Final = (
    b'data: {"id":"","object":"chat.completion.chunk","created":0,"model":"",'
    b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":null}]}\n\n'
)

HEARTBEATS: Final[dict[HeartbeatShape, bytes]] = {"comment": KEEP_ALIVE, "chunk": _EMPTY_CHUNK, "off": b""}
