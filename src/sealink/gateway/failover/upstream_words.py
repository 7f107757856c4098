"""What an upstream says about a failure, as clients, logs and rows may be told: without the operator's credentials.

Upstreams repeat them: `Incorrect API key provided: sk-…`, a redirect to the same URL, a signature that is wrong.
"""

import logging
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.providers.provider import Provider
from sealink.telemetry.redaction import KEY_SHAPES
from sealink.wire.dialects.shared.upstream_errors import page_text

log = logging.getLogger("sealink.upstream")

MIN_SECRET_CHARS: Final = 12
"""Shorter values are not masked: they are too likely to stand in a text by chance."""
MASK: Final = "***"
UNAUTHORIZED: Final = "upstream_unauthorized"

_BEARS_SECRET: Final = re.compile(
    r"(.*-)?authorization|(.*[-_])?(key|token|signature|sig|secret)|apikey", re.IGNORECASE
)
_KEY_SHAPES_IN_BYTES: Final = re.compile(KEY_SHAPES.pattern.encode())
_SIGNED: Final = re.compile(r"(?:Signature|Credential)=([^\s,/]+)")
_CREDENTIALS_REFUSED: Final = frozenset({401, 402, 403})
_REDIRECTS: Final = range(300, 400)
_MAX_LOGGED_CHARS: Final = 500


class UpstreamWords:
    """The words of the upstream that one request is sent to. Nothing is searched before there is a failure."""

    def __init__(self, provider: Provider, url: str, headers: HeaderList) -> None:
        """`url` and `headers` of the request."""
        self._provider = provider
        self._url = url
        self._headers = headers

    def told(self, error: SealinkError) -> SealinkError:
        """The error without secrets; a refusal of the operator's credentials is an error of the gateway's."""
        self.mask(error)
        is_unauthorized = isinstance(error, UpstreamRejected) and error.status in _CREDENTIALS_REFUSED
        if is_unauthorized:
            return self._unauthorized(error)
        return error

    def masked(self, data: bytes) -> bytes:
        """An upstream's last frames without secrets."""
        return re.sub(self._secrets.encode(), MASK.encode(), data) if self._secrets else data

    @cached_property
    def _secrets(self) -> str:
        """A pattern of all secrets, "" for none. The longest is tried first, so that none is left in part."""
        found = {secret for secret in _secrets_of(self._url, self._headers) if len(secret) >= MIN_SECRET_CHARS}
        return "|".join(_spellings(secret) for secret in sorted(found, key=len, reverse=True))

    def mask(self, error: SealinkError) -> None:
        """Take the secrets out of an error."""
        error.message = self._masked_text(error.message)
        error.args = (error.message,)
        error.code = error.code and self._masked_text(error.code)
        error.param = error.param and self._masked_text(error.param)
        error.type = self._masked_text(error.type)
        error.headers = [(name, self._masked_text(value)) for name, value in error.headers]
        if isinstance(error, UpstreamRejected):
            error.body = _KEY_SHAPES_IN_BYTES.sub(MASK.encode(), self.masked(error.body))

    def _masked_text(self, text: str) -> str:
        return KEY_SHAPES.sub(MASK, re.sub(self._secrets, MASK, text) if self._secrets else text)

    def _unauthorized(self, error: SealinkError) -> SealinkError:
        name, status = self._provider.name, error.status
        log.warning(
            "The provider %r does not accept its credentials (status %d): %.*r",
            name,
            status,
            _MAX_LOGGED_CHARS,
            error.message,
        )
        unauthorized = UpstreamRejected(
            f"The provider {name!r} does not accept the credentials that it is configured with: {error.message}",
            status=502,
            type="upstream_error",
            code=UNAUTHORIZED,
            headers=_not_to_be_retried(error.headers),
        )
        unauthorized.meant_status = status
        return unauthorized


def _not_to_be_retried(headers: HeaderList) -> HeaderList:
    """Clients cannot mend it. The upstream's own advice stands, where it gives any."""
    return headers if "x-should-retry" in dict(headers) else [*headers, ("x-should-retry", "false")]


def unexpected_status(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """The error for a status that is neither success nor an error: 204, a redirect, one that HTTP does not have.

    A redirect is not followed, since the request's credentials would go along; it will come again, until the
    provider's `base_url` is mended.
    """
    location = next((value for name, value in headers if name.lower() == "location"), "")
    is_redirect = status in _REDIRECTS
    words = "" if is_redirect else page_text(body)
    return UpstreamRejected(
        f"The upstream answered {status}{f' (to {location})' if location else ''}{f': {words}' if words else '.'}",
        status=502,
        type="upstream_error",
        code="upstream_status",
        headers=[("x-should-retry", "false")] if is_redirect else (),
    )


def _secrets_of(url: str, headers: HeaderList) -> Iterator[str]:
    for name, value in headers:
        if _BEARS_SECRET.fullmatch(name):
            yield value
            yield value.partition(" ")[2].strip()  # behind `Bearer`
            yield from _SIGNED.findall(value)
    for name, value in parse_qsl(urlsplit(url).query):
        if _BEARS_SECRET.fullmatch(name):
            yield value


def _spellings(secret: str) -> str:
    """A pattern for a secret as it is, in a URL, and in JSON, which may escape slashes and other characters."""
    return "".join([character if character.isalnum() else _escaped(character) for character in secret])


def _escaped(character: str) -> str:
    plain, code = re.escape(character), ord(character)
    return rf"(?:\\?{plain}|(?i:\\u{code:04x}|%{code:02x}))"
