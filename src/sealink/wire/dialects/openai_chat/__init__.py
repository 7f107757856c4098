"""OpenAI's Chat Completions, the wire format that most clients and most vendors speak.

head, request, messages, cousin   what a client asks
chunks, completion, annotations   events → what a client reads
relay, choices, tool_calls, mend  an upstream's stream → the same, put right where the vendor strays
whole                             the same for an answer that is not streamed
finish, usage, errors             the words for how it ended, what it cost, what went wrong
"""

from sealink.wire.dialects.openai_chat.client import OpenAIChatClient
from sealink.wire.dialects.openai_chat.upstream import OpenAIChatUpstream

CLIENT = OpenAIChatClient()
UPSTREAM = OpenAIChatUpstream()
UPSTREAM_THAT_WANTS_THINKING = OpenAIChatUpstream(wants_thinking=True)

__all__ = ["CLIENT", "UPSTREAM", "OpenAIChatClient"]
