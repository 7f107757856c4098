"""An upstream's answer as a fixture: `<provider>/<name>/{meta.json,response.body}`, as `tests/recordings.py` reads it.

Of the headers only those on a list are kept. The request, and with it the prompt, is kept only with `with_prompt`; the
body of the answer always is. A key that an upstream repeats in its answer is overwritten.
"""

import hashlib
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sealink.errors import HeaderList
from sealink.net.message import UpstreamRequest

KEPT_HEADERS: Final = frozenset(
    {
        *("content-type", "retry-after", "retry-after-ms", "x-should-retry"),
        *("request-id", "x-request-id", "x-amzn-requestid", "apim-request-id"),
    }
)
"""The response headers that are kept. No others: they may name an organisation, or set a cookie."""

PUBLIC_REQUEST_HEADERS: Final = frozenset({"content-type", "accept", "user-agent", "x-amz-date"})
"""The request headers that hold no secret. The values of all others are overwritten where the answer repeats them."""

SHORTEST_SECRET: Final = 8
"""A word of a header with fewer characters is not taken for a secret."""

_FRAMINGS: Final = {
    "text/event-stream": "sse",
    "application/x-ndjson": "ndjson",
    "application/stream+json": "ndjson",
    "application/vnd.amazon.eventstream": "aws-eventstream",
}
_PROJECT = re.compile(r"(?<=/projects/)[^/]+")
_NOT_A_NAME = re.compile(r"[^a-z0-9.]+")


class Answer(msgspec.Struct):
    """A complete answer. `api` is the wire format as recordings name it, `chunks` are as they were received."""

    provider: str
    api: str
    request: UpstreamRequest
    status: int
    headers: HeaderList
    chunks: list[bytes]


def write(answer: Answer, folder: Path, *, with_prompt: bool) -> Path:
    """Write the fixture below `folder`; the same answer again is the same fixture. Returns where it is."""
    body, scrubbed = without_secrets(b"".join(answer.chunks), answer.request.headers)
    meta = meta_of(answer, body, with_prompt=with_prompt) | ({"scrubbed": scrubbed} if scrubbed else {})
    place = folder / _name(answer.provider) / _name(f"{_model(answer)}-{meta['kind']}-{meta['sha256'][:6]}")
    place.mkdir(parents=True, exist_ok=True)
    (place / "response.body").write_bytes(body)
    (place / "meta.json").write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=1) + b"\n")
    return place


def meta_of(answer: Answer, body: bytes, *, with_prompt: bool) -> dict[str, Any]:
    """meta.json; ../shared/streams/README.md says what its fields mean."""
    framing = framing_of(answer)
    streams = framing not in ("json", "text")
    return {
        "provider": answer.provider,
        "api": answer.api,
        "endpoint": _PROJECT.sub("PROJECT", urlsplit(answer.request.url).path),
        "kind": "error" if answer.status >= 400 else "stream" if streams else "json",
        "status": answer.status,
        "framing": framing,
        "response_headers": {name: value for name, value in answer.headers if name in KEPT_HEADERS},
        "request": _request_fields(answer) if with_prompt else None,
        "model": _model(answer),
        "features": [],
        "quirks": [],
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "provenance": "recorded",
        "fidelity": "raw",
        "chunk_sizes": [len(chunk) for chunk in answer.chunks],
    }


def framing_of(answer: Answer) -> str:
    """The framing, by the content type; a JSON array that is a stream has that of a whole answer."""
    kind = dict(answer.headers).get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FRAMINGS:
        return _FRAMINGS[kind]
    begin = b"".join(answer.chunks[:1]).lstrip()[:1]
    if begin == b"[" and answer.status < 400:
        return "json-array"
    return "json" if begin == b"{" or "json" in kind else "text"


def without_secrets(body: bytes, request_headers: HeaderList) -> tuple[bytes, int]:
    """The body with each secret of the request overwritten by as many `x`, and how many there were."""
    found = 0
    for secret in _secrets(request_headers):
        found += body.count(secret)
        body = body.replace(secret, b"x" * len(secret))
    return body, found


def _secrets(request_headers: HeaderList) -> list[bytes]:
    hidden = [value for name, value in request_headers if name.lower() not in PUBLIC_REQUEST_HEADERS]
    return [word.encode() for value in hidden for word in value.split() if len(word) >= SHORTEST_SECRET]


def _request_fields(answer: Answer) -> Any:
    return msgspec.json.decode(answer.request.body)


def _model(answer: Answer) -> str:
    """In the body, or in the path: `…/models/NAME:generate`, `…/model/NAME/converse`."""
    model = _request_fields(answer).get("model")
    in_path = re.search(r"/models?/([^/:]+)", urlsplit(answer.request.url).path)
    return model if isinstance(model, str) else in_path[1] if in_path else "model"


def _name(text: str) -> str:
    """A name for a folder."""
    return _NOT_A_NAME.sub("-", text.lower()).strip("-.") or "unnamed"
