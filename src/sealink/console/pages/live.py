"""What is streaming now? Every open stream of all processes; one can be ended."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sealink.console.live_feed import LiveFeed
from sealink.console.rendering import backend_of, render, see
from sealink.errors import NotFound

_EVENT_STREAM: Final = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}


async def show(request: Request) -> Response:
    """The page as it is now; its script keeps it up to date."""
    return render(request, "live.html", streams=await backend_of(request).streams())


async def events(request: Request) -> Response:
    """The same again and again, while the session lasts."""
    feed: LiveFeed = request.app.state.live
    sessions = backend_of(request).sessions
    number = request.cookies.get(sessions.cookie, "")
    return StreamingResponse(feed.events(lambda: sessions.find(number) is not None), headers=_EVENT_STREAM)


async def end(request: Request) -> Response:
    """End a stream; its client is told so."""
    if not await backend_of(request).end_stream(request.state.form.get("id", "")):
        raise NotFound("This stream has ended already.")
    return see("/live")


ROUTES: Final = (Route("/live", show), Route("/live/events", events), Route("/live/end", end, methods=["POST"]))
