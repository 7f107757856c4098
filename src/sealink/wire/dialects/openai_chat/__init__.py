"""OpenAI's Chat Completions, the wire format that most clients and most vendors speak.

client       what clients send, and what they get
upstream     what upstreams get, and what they answer
views        what is read of an answer
finish       finish reasons
usage        token counts
metadata     id, model and time
annotations  citations
signatures   signed reasoning in fields that vendors have added to the format
"""

from sealink.wire.dialects.openai_chat.client.dialect import OpenAIChatClient
from sealink.wire.dialects.openai_chat.upstream.dialect import OpenAIChatUpstream

CLIENT = OpenAIChatClient()
UPSTREAM = OpenAIChatUpstream()
UPSTREAM_THAT_WANTS_THINKING = OpenAIChatUpstream(wants_thinking=True)

__all__ = ["CLIENT", "UPSTREAM", "OpenAIChatClient", "OpenAIChatUpstream"]
