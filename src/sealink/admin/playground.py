"""The playground's endpoint: an ordinary exchange, as the built-in key `console`."""

from collections.abc import Awaitable, Callable
from typing import Final

from sealink.access.checks import CONSOLE_KEY
from sealink.access.keys import ApiKey
from sealink.http import Endpoint, Handler, RequestContext
from sealink.net.message import Request, Responder
from sealink.wire.dialects import openai_chat

PATH: Final = "/admin/v1/playground"
KEY: Final = ApiKey(name=CONSOLE_KEY, usage_extras=True)
"""What the ledger calls its requests. Nobody can send this key: it has no secret."""


def playground(chat: Callable[[], Handler]) -> Endpoint:
    """The entry. `chat` gives the handler of OpenAI's chat completions that is in force now."""

    def answer(request: Request, responder: Responder, context: RequestContext) -> Awaitable[None] | None:
        request.principal = KEY
        return chat()(request, responder, context)

    return Endpoint("POST", PATH, answer, openai_chat.CLIENT.error_body)
