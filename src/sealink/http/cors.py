"""Cross-origin access (CORS), for the vendors' SDKs in a browser. https://fetch.spec.whatwg.org/#http-cors-protocol"""

from sealink.errors import HeaderList

_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_PREFLIGHT_S = 86_400


def answer_headers(origin: str, allowed: tuple[str, ...]) -> HeaderList:
    """The headers of every answer to a page of this origin; none where the origin is not allowed or not sent."""
    if not _is_allowed(origin, allowed):
        return ()
    if "*" in allowed:
        return (("access-control-allow-origin", "*"), ("access-control-expose-headers", "*"))
    return (("access-control-allow-origin", origin), ("vary", "origin"), ("access-control-expose-headers", "*"))


def preflight_headers(request_headers: dict[str, str], allowed: tuple[str, ...]) -> HeaderList:
    """The answer to a preflight. The headers asked for are granted by name: `*` does not cover `authorization`."""
    origin = request_headers.get("origin", "")
    if not _is_allowed(origin, allowed):
        return ()
    return (
        *answer_headers(origin, allowed),
        ("access-control-allow-methods", _METHODS),
        ("access-control-allow-headers", request_headers.get("access-control-request-headers", "*")),
        ("access-control-max-age", str(_PREFLIGHT_S)),
    )


def _is_allowed(origin: str, allowed: tuple[str, ...]) -> bool:
    return bool(origin) and ("*" in allowed or origin in allowed)
