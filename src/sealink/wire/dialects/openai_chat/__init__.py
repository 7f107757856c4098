"""OpenAI's Chat Completions, the wire format that most clients and most vendors speak.

head, request, messages, parts, tools  what a client asks
cousin                                 the same in the shape of another of OpenAI's APIs
chunks, completion                     events → what a client reads, streamed and whole
said, annotations, heartbeats          pieces of that

relay                                  an upstream's stream → the same, put right where the vendor strays
frames, plain_delta, choices           what is in its frames, most often, and in each choice
tool_calls, mend, usage_apart          … what is to be put right there
whole                                  an answer that is not streamed → the same
decoder, views                         either → events
write, write_tools, effort, marked     a neutral request → POST …/chat/completions
signatures                             what vendors sign in fields of their own, there and back

finish, usage, errors                  the words for how it ended, what it cost, what went wrong
prompt                                 the words of a request, to be counted
"""

from sealink.wire.dialects.openai_chat.client.dialect import OpenAIChatClient
from sealink.wire.dialects.openai_chat.upstream.dialect import OpenAIChatUpstream

CLIENT = OpenAIChatClient()
UPSTREAM = OpenAIChatUpstream()
UPSTREAM_THAT_WANTS_THINKING = OpenAIChatUpstream(wants_thinking=True)

__all__ = ["CLIENT", "UPSTREAM", "OpenAIChatClient"]
