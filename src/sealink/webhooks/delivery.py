"""One message, posted to one endpoint. Blocks."""

import time
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from sealink import __version__
from sealink.webhooks.events import headers_of
from sealink.webhooks.outbox import Message
from sealink.webhooks.settings import WebhookSettings

_AGENT: Final = f"SeaLink/{__version__}"
GONE: Final = 410
"""By the specification: the endpoint wants no more messages."""


class NotReceived(Exception):
    """The endpoint did not take it. `is_final`: nor will it."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect is an answer like any other: a receiver must say where it is."""


_opener = build_opener(_NoRedirects, ProxyHandler({}))


def deliver(message: Message, endpoint: WebhookSettings) -> None:
    """Raises NotReceived."""
    headers = headers_of(message.id, message.body, endpoint.secret, int(time.time()))
    headers |= {"content-type": "application/json", "user-agent": _AGENT}
    request = Request(endpoint.url, message.body.encode(), headers, method="POST")
    try:
        with _opener.open(request, timeout=endpoint.timeout_s):
            return
    except HTTPError as error:
        with error:
            raise NotReceived(f"it answered {error.code}", is_final=error.code == GONE) from error
    except (OSError, HTTPException, ValueError) as error:
        raise NotReceived(_told(error)) from error


def _told(error: Exception) -> str:
    """What has gone wrong, without what urllib and the system put around it."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason) or type(error).__name__
