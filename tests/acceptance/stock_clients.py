"""The client dialects, each with the SDK that speaks it, and what its bytes must keep to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai

from acceptance import stock_chat, stock_messages, stock_responses
from acceptance.readings import Reading
from acceptance.sealink_process import KEY

Fields = dict[str, Any]
Read = Callable[[Fields], Reading]

QUESTION = "What did the provider answer?"
ASKED = [{"role": "user", "content": QUESTION}]


@dataclass(frozen=True)
class Client:
    """`api` is the wire format's name in the recordings. `question` is the least that can be asked."""

    name: str
    api: str
    path: str
    question: Fields


CLIENTS = {
    client.name: client
    for client in (
        Client("chat", "openai-chat", "/v1/chat/completions", {"messages": ASKED}),
        Client("messages", "anthropic-messages", "/v1/messages", {"messages": ASKED, "max_tokens": 1024}),
        Client("responses", "openai-responses", "/v1/responses", {"input": QUESTION}),
    )
}


@contextmanager
def readers(url: str, key: str = KEY) -> Iterator[dict[str, Read]]:
    """For each client dialect the function that asks at `url` (without a path) and reads the answer."""
    with ExitStack() as opened:
        of_openai = opened.enter_context(openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=30))
        of_anthropic = opened.enter_context(anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=30))
        yield {
            "chat": lambda request: stock_chat.read(of_openai, request),
            "messages": lambda request: stock_messages.read(of_anthropic, request),
            "responses": lambda request: stock_responses.read(of_openai, request),
        }
