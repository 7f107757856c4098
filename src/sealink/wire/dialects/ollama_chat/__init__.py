"""Ollama's own chat API. https://docs.ollama.com/api/chat

upstream   what upstreams of this dialect are sent, and what they answer
usage      token counts
finish     how answers end
"""

from typing import Final

from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects.ollama_chat.upstream.dialect import OllamaChatUpstream

UPSTREAM: Final[UpstreamDialect] = OllamaChatUpstream()

__all__ = ["UPSTREAM"]
