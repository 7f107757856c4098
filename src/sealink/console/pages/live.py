"""What is streaming now? Every open stream of all processes; one can be ended. live_feed keeps the page up to date."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import MAX_LISTED
from sealink.console.rendering import backend_of, render, see
from sealink.errors import NotFound


async def show(request: Request) -> Response:
    """The page as it is now; its script keeps it up to date."""
    return render(request, "live.html", streams=await backend_of(request).streams(), most=MAX_LISTED)


async def end(request: Request) -> Response:
    """End a stream; its client is told so."""
    if not await backend_of(request).end_stream(request.state.form.get("id", "")):
        raise NotFound("This stream has ended already.")
    return see("/live")


ROUTES: Final = (Route("/live", show), Route("/live/end", end, methods=["POST"]))
