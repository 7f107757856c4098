"""Endpoints that say that SeaLink is there."""

from sealink.http.endpoint import RequestContext
from sealink.http.responses import send_json
from sealink.net.message import Request, Responder


async def root(request: Request, responder: Responder, context: RequestContext) -> None:
    send_json(responder, context, {"service": "sealink", "api": "/v1"})


async def health(request: Request, responder: Responder, context: RequestContext) -> None:
    send_json(responder, context, {"status": "ok"})
