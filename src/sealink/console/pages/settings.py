"""How is it set up? The config in force, without secrets; it is read again after a look at what that would change.
And who is told of what happens (webhooks.py)."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Changed
from sealink.console.pages.webhooks import deliveries
from sealink.console.rendering import backend_of, render


async def show(request: Request) -> Response:
    """The page; with `?check=1` what a reload would change."""
    if "check" not in request.query_params:
        return await _shown(request)
    try:
        return await _shown(request, pending=await backend_of(request).preview())
    except ValueError as error:
        return await _shown(request, mistakes=str(error))


async def reload(request: Request) -> Response:
    """Put the config in force as it stands in the file now, in every process."""
    try:
        return await _shown(request, applied=await backend_of(request).reload())
    except ValueError as error:
        return await _shown(request, mistakes=str(error), status=400)


async def _shown(
    request: Request,
    *,
    pending: Changed | None = None,
    applied: Changed | None = None,
    mistakes: str = "",
    status: int = 200,
) -> Response:
    backend = backend_of(request)
    return render(
        request,
        "settings.html",
        sections=backend.settings(),
        deliveries=await asyncio.to_thread(deliveries, backend),
        pending=pending,
        applied=applied,
        mistakes=mistakes,
        status=status,
    )


ROUTES: Final = (Route("/settings", show), Route("/settings", reload, methods=["POST"]))
