"""The client dialects, each with the SDK that speaks it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import anthropic
import openai

from acceptance import stock_chat, stock_messages, stock_responses
from acceptance.readings import Reading
from acceptance.sealink_process import KEY

Fields = dict[str, Any]
Read = Callable[[Fields], Reading]


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
