"""Anthropic's Messages API. https://platform.claude.com/docs/en/api/messages

head, request, content, tools                  what a client asks
encoder, message, said                         events → what a client reads, streamed and whole
forward, relay                                 both ways unchanged, for an upstream of this dialect
write, turns, thinking, sampling, write_tools  a neutral request → POST /v1/messages
schema, models, extras                         what each Claude model takes, and what no neutral field models
stream, views, usage, finish                   an upstream's frames, or its whole message → events
errors, heartbeats                             what went wrong, and that nothing did
"""

from typing import Final

from sealink.wire.dialect import CountingDialect, PassthroughDialect
from sealink.wire.dialects.anthropic_messages.client.dialect import AnthropicMessagesClient
from sealink.wire.dialects.anthropic_messages.errors import error_body
from sealink.wire.dialects.anthropic_messages.upstream.dialect import AnthropicMessagesUpstream

__all__ = ["CLIENT", "UPSTREAM", "error_body"]

CLIENT: Final[CountingDialect] = AnthropicMessagesClient()
UPSTREAM: Final[PassthroughDialect] = AnthropicMessagesUpstream()
