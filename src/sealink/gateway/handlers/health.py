"""Endpoints that say that SeaLink is there, and whether it takes requests."""

from collections.abc import Callable

from sealink.http.endpoint import RequestContext
from sealink.http.responses import send_json
from sealink.net.message import Request, Responder

_UNAVAILABLE = 503

Reasons = Callable[[], list[str]]
"""Why requests should go to another process, or what operators should know, in words; empty where there is nothing."""


async def root(request: Request, responder: Responder, context: RequestContext) -> None:
    send_json(responder, context, {"service": "sealink", "api": "/v1"})


async def live(request: Request, responder: Responder, context: RequestContext) -> None:
    """The process answers."""
    send_json(responder, context, {"status": "ok"})


class Ready:
    """The handler that tells a load balancer whether to send requests here."""

    def __init__(self, reasons: Reasons, warnings: Reasons = list) -> None:
        self._reasons = reasons
        self._warnings = warnings

    async def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        if reasons := self._reasons():
            send_json(responder, context, {"status": "unavailable", "reasons": reasons}, status=_UNAVAILABLE)
        elif warnings := self._warnings():
            send_json(responder, context, {"status": "ok", "warnings": warnings})
        else:
            send_json(responder, context, {"status": "ok"})
