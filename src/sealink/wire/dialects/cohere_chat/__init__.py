"""Cohere's chat API, version 2. https://docs.cohere.com/v2/reference/chat

upstream   what upstreams of this dialect are sent, and what they answer
views      the fields that are read of Cohere's wire objects
usage      token counts
finish     how answers end
"""

from typing import Final

from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects.cohere_chat.upstream.dialect import CohereChatUpstream

UPSTREAM: Final[UpstreamDialect] = CohereChatUpstream()

__all__ = ["UPSTREAM"]
