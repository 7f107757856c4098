"""The dialects by name: as clients speak them, and as the recordings and sealink.toml call them."""

from dataclasses import dataclass
from typing import Any

QUESTION = "What did the provider answer?"
ASKED = [{"role": "user", "content": QUESTION}]


@dataclass(frozen=True)
class Client:
    """A client dialect. `api` is the wire format's name in the recordings, `question` the least that can be asked."""

    name: str
    api: str
    path: str
    question: dict[str, Any]


CLIENTS = {
    client.name: client
    for client in (
        Client("chat", "openai-chat", "/v1/chat/completions", {"messages": ASKED}),
        Client("messages", "anthropic-messages", "/v1/messages", {"messages": ASKED, "max_tokens": 1024}),
        Client("responses", "openai-responses", "/v1/responses", {"input": QUESTION}),
    )
}

DIALECTS = {
    "openai-chat": "openai",
    "anthropic-messages": "anthropic",
    "openai-responses": "responses",
    "gemini": "gemini",
    "bedrock-converse": "bedrock",
    "cohere-v2": "cohere",
    "ollama-chat": "ollama",
}
"""The wire formats of the recordings, and what sealink.toml calls them."""
