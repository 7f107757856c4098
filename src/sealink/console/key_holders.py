"""The page of key holders on the public port: /console. It shows what the API tells the key that is typed into it.

The server has no part in that: the page's script asks GET /v1/me and GET /v1/usage as any client does, so nobody sees
what is somebody else's.
"""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sealink.admin.guard import HEADERS
from sealink.console.rendering import asset, render, static_file, templates

PATH: Final = "/console"


def key_holders(address: str) -> Starlette:
    """The application. `address` is what the examples show; empty: the one that the reader has come by.
    Blocks: it compiles the templates."""
    templates()

    async def page(request: Request) -> Response:
        response = render(request, "holder.html", address=address, asset=_asset)
        response.headers.update(dict(HEADERS))
        return response

    return Starlette(
        routes=[Route(PATH, page), Route(f"{PATH}/static/{{name}}", _static)],
        exception_handlers={HTTPException: _error},
    )


def _asset(name: str) -> str:
    return PATH + asset(name)


async def _static(request: Request) -> Response:
    return static_file(request) or PlainTextResponse("There is no such file.\n", 404)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"{error.detail}\n", error.status_code)
