"""Anthropic's Messages API, for clients and upstreams. https://platform.claude.com/docs/en/api/messages

client       what a client requests, and the answers and errors it is sent
upstream     what an upstream is sent, and the answers and errors it returns
views        the fields that are read of Anthropic's objects
usage        token counts, read and written
finish       stop reasons, read and written
error_types  Anthropic's error types and SeaLink's
"""

from typing import Final

from sealink.wire.dialect import CountingDialect, PassthroughDialect
from sealink.wire.dialects.anthropic_messages.client.dialect import AnthropicMessagesClient
from sealink.wire.dialects.anthropic_messages.client.errors import error_body
from sealink.wire.dialects.anthropic_messages.upstream.dialect import AnthropicMessagesUpstream

__all__ = ["CLIENT", "UPSTREAM", "error_body"]

CLIENT: Final[CountingDialect] = AnthropicMessagesClient()
UPSTREAM: Final[PassthroughDialect] = AnthropicMessagesUpstream()
