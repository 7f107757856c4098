"""A whole page of the documentation, with the address of this SeaLink in its examples."""

import re
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from sealink.documentation import markdown
from sealink.documentation.pages import CONTENTS, listed, pages
from sealink.documentation.search import search_index

ADDRESS: Final = "http://127.0.0.1:4000"
"""How the files write the address of a SeaLink's public port."""

_ASSETS: Final = Path(__file__).parent / "assets"
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")

STYLE, SCRIPT, INDEX = "docs.css", "docs.js", "search.json"


def address_of(public_url: str, host: str | None, *, default: str) -> str:
    """The address that the reader's programs use: `[server] public_url`, else the one that the reader has come by.

    `host`: the request's Host. Whatever is not a host's name, an address or a port in it is not shown back. `default`:
    the port's own address, which also tells whether it has TLS.
    """
    if public_url:
        return public_url.rstrip("/").removesuffix("/v1")
    scheme, _, _ = default.partition("://")
    return f"{scheme}://{host}" if host is not None and _HOST.fullmatch(host) else default


def page_html(name: str, address: str) -> bytes | None:
    """The page of that name; None where there is none."""
    page = pages().get(name)
    return None if page is None else _rendered(name).replace(ADDRESS, escape(address)).encode()


def asset(name: str) -> tuple[str, bytes] | None:
    """A file that the pages need, with its type; None where there is none of that name."""
    if name == STYLE:
        return "text/css; charset=utf-8", _style()
    if name == SCRIPT:
        return "text/javascript; charset=utf-8", (_ASSETS / SCRIPT).read_bytes()
    if name == INDEX:
        return "application/json", search_index()
    return None


@lru_cache(maxsize=128)
def _rendered(name: str) -> str:
    page = pages()[name]
    found = markdown.headings(page.text)
    inner = "".join(f'<li><a href="#{at}">{escape(heading)}</a></li>' for at, heading in found)
    on_this_page = (
        f'<nav class="here" aria-label="On this page"><ul>{inner}</ul></nav>'
        if len(found) > 1 and name != CONTENTS
        else ""
    )
    return _framed(page.title, markdown.html_of(page.text, name, pages()), name, on_this_page)


def _framed(title: str, body: str, name: str, on_this_page: str) -> str:
    listing = "".join(
        f'<p class="group">{escape(heading)}</p><ul>{"".join(_item(each, name) for each in there)}</ul>'
        for heading, there in listed().items()
    )
    return _frame().substitute(title=escape(title), listing=listing, body=body, here=on_this_page)


def _item(entry: tuple[str, str], current: str) -> str:
    name, title = entry
    mark = ' aria-current="page"' if name == current else ""
    return f'<li><a href="/docs/{name}"{mark}>{escape(title)}</a></li>'


@cache
def _frame() -> Template:
    return Template((_ASSETS / "page.html").read_text())


@cache
def _style() -> bytes:
    return ((_ASSETS / STYLE).read_text() + markdown.style()).encode()
