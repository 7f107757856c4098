"""From a template to an answer. Jinja2 escapes all that it is given: no page marks anything as safe."""

import hashlib
from datetime import date, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sealink import __version__
from sealink.console.backend import Backend
from sealink.console.formats import FILTERS, query, share
from sealink.ledger.reports.selection import moment

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_KEEP: Final = "public, max-age=31536000, immutable"
THEMES: Final = ("light", "dark")
THEME_COOKIE: Final = "sealink_theme"
PAGES: Final = (
    ("/", "Overview", "o"),
    ("/live", "Live", "l"),
    ("/requests", "Requests", "r"),
    ("/keys", "Keys and teams", "k"),
    ("/usage", "Usage and cost", "u"),
    ("/models", "Models", "m"),
    ("/playground", "Playground", "p"),
    ("/settings", "Settings", "s"),
)
"""Each page's path, its name, and the letter that leads there after `g`."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """All templates, compiled once for the process: the first call takes half a second, and is made in a thread. One
    that names what it is not given is a bug."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else each page asks for the times of its files
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        query=query, share=share, pages=PAGES, version=__version__, asset=asset, usage_link=usage_link
    )
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


@lru_cache
def asset(name: str) -> str:
    """The address of a file of static/. It changes with the file, so that browsers may keep it."""
    body, _ = _files()[name]
    digest = hashlib.sha256(body).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[bytes, str]]:
    return {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in sorted(STATIC.iterdir())}


def static_file(request: Request) -> Response | None:
    """A style sheet or script; None where there is none of the name in the path. Its address changes with it, so that
    browsers may keep it; not so where a script imports another."""
    found = _files().get(request.path_params["name"])
    if found is None:
        return None
    body, kind = found
    is_versioned = "v" in request.query_params
    return Response(body, headers={"content-type": kind, **({"cache-control": _KEEP} if is_versioned else {})})


def usage_link(by: tuple[str, ...], group: tuple[str | None, ...], given: dict[str, str]) -> str | None:
    """The query for the requests that a group of a usage report is the sum of; None where no filter can say it, as with
    the requests of no team."""
    values = dict(zip(by, group, strict=True))
    if None in values.values():
        return None
    if day := values.pop("day", None):
        end = str(date.fromisoformat(day) + timedelta(days=1))
        values["since"] = max(day, given.get("since", day), key=moment)
        values["until"] = min(end, given.get("until", end), key=moment)
    return query({**given, **values})


def backend_of(request: Request) -> Backend:
    """What the page needs of the running SeaLink."""
    found: Backend = request.app.state.backend
    return found


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page."""
    session = getattr(request.state, "session", None)
    theme = request.cookies.get(THEME_COOKIE, "")
    text = (
        templates()
        .get_template(template)
        .render(
            path=request.url.path,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            csrf=session.csrf if session is not None else "",
            actor=session.actor if session is not None else "",
            theme=theme if theme in THEMES else "",
            **values,
        )
    )
    return HTMLResponse(text, status)


def see(path: str) -> Response:
    """Send the browser to another page, by GET."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def own_path(path: str) -> str:
    """A path of this port that a browser has sent along, to be shown next; / for what leads elsewhere."""
    leads_elsewhere = not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable()
    return "/" if leads_elsewhere else path
