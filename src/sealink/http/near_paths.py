"""Paths that are nearly right: clients with a wrong base URL ask for `/v1/v1/messages` or `/chat/completions`."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

_VERSION: Final = "/v1/"
_SLASHES: Final = re.compile("//+")
_VERSIONS: Final = re.compile("/v1(?:/v1)+(?=/)")
_MAX_HINTED_CHARS: Final = 200
_CLOSE: Final = 0.75


def respelled(path: str) -> Iterator[str]:
    """Other spellings of a path that can mean nothing else: without a slash at its end, with one version in it."""
    yield path.rstrip("/") or path
    once = _VERSIONS.sub("/v1", _SLASHES.sub("/", path)).rstrip("/")
    yield once
    if _VERSION not in once + "/":
        yield f"/v1{once}"
        first, slash, rest = once[1:].partition("/")
        yield f"/{first}/v1{slash}{rest}"  # /anthropic/messages


def nearest(path: str, known: Iterable[str]) -> str | None:
    """The path that was probably meant: the one that this ends in, or the one that it is most like."""
    if len(path) > _MAX_HINTED_CHARS:
        return None
    path, known = path.rstrip("/"), tuple(known)
    endings = [other for other in known if len(other) > 1 and path.endswith(other.removeprefix("/v1"))]
    if endings:
        return max(endings, key=len)
    return next(iter(get_close_matches(path, known, n=1, cutoff=_CLOSE)), None)
