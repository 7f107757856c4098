"""How does it feel? A question to a model, or to two side by side, answered as the page's script reads the stream."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.rendering import backend_of, render


async def show(request: Request) -> Response:
    """The page, with the models of the config to choose from; `?model=` chooses."""
    backend, query = backend_of(request), request.query_params
    models = [route.model for route in backend.routes()]
    return render(
        request,
        "playground.html",
        models=models,
        chosen=query.get("model", models[0] if models else ""),
        other=query.get("other", ""),
        address=backend.base_url(),
    )


ROUTES: Final = (Route("/playground", show),)
