"""Embeddings: OpenAI's request and answer for clients, and what several upstreams make of them.

request    what a client asks, and the little that an upstream's format must be able to do
client     how OpenAI's clients ask
answer     what they are told
vectors    floats ⇄ base64

openai, cohere, gemini   the formats of upstreams
"""

from sealink.wire.embeddings.client import EmbeddingsClient
from sealink.wire.embeddings.request import EmbeddingsUpstream

CLIENT = EmbeddingsClient()

__all__ = ["CLIENT", "EmbeddingsUpstream"]
