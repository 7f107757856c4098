"""How is it set up? The config in force, without secrets; it is read again after a look at what that would change."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Changed
from sealink.console.rendering import backend_of, render


async def show(request: Request) -> Response:
    """The page; with `?check=1` what a reload would change."""
    if "check" not in request.query_params:
        return _shown(request)
    try:
        return _shown(request, pending=await backend_of(request).preview())
    except ValueError as error:
        return _shown(request, mistakes=str(error))


async def reload(request: Request) -> Response:
    """Put the config in force as it stands in the file now, in every process."""
    try:
        return _shown(request, applied=await backend_of(request).reload())
    except ValueError as error:
        return _shown(request, mistakes=str(error), status=400)


def _shown(
    request: Request,
    *,
    pending: Changed | None = None,
    applied: Changed | None = None,
    mistakes: str = "",
    status: int = 200,
) -> Response:
    return render(
        request,
        "settings.html",
        sections=backend_of(request).settings(),
        pending=pending,
        applied=applied,
        mistakes=mistakes,
        status=status,
    )


ROUTES: Final = (Route("/settings", show), Route("/settings", reload, methods=["POST"]))
