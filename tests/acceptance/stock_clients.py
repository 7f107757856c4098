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
Hooks = dict[str, list[Callable[..., Any]]]


@contextmanager
def readers(url: str, key: str = KEY, hooks: Hooks | None = None) -> Iterator[dict[str, Read]]:
    """For each client dialect the function that asks at `url` (without a path) and reads the answer.

    `hooks` are called with each HTTP `request` and `response`.
    """
    with ExitStack() as opened:
        of_openai = opened.enter_context(
            openai.OpenAI(
                base_url=f"{url}/v1",
                api_key=key,
                max_retries=0,
                timeout=30,
                http_client=openai.DefaultHttpxClient(event_hooks=hooks),
            )
        )
        of_anthropic = opened.enter_context(
            anthropic.Anthropic(
                base_url=url,
                api_key=key,
                max_retries=0,
                timeout=30,
                http_client=anthropic.DefaultHttpxClient(event_hooks=hooks),
            )
        )
        yield {
            "chat": lambda request: stock_chat.read(of_openai, request),
            "messages": lambda request: stock_messages.read(of_anthropic, request),
            "responses": lambda request: stock_responses.read(of_openai, request),
        }
