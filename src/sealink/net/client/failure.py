"""Errors of connections to upstreams. Foreign exceptions become SealinkErrors here, and nowhere else.

| what was raised | while connecting | in the TLS handshake | during request and response |
|---|---|---|---|
| socket.gaierror, UnicodeError | upstream_unresolved | | |
| OSError EMFILE, ENFILE | overloaded (503) | | |
| TimeoutError | connect (504) | connect (504) | upstream_reset |
| ssl.SSLError | | upstream_tls | upstream_reset |
| any other OSError | upstream_refused | upstream_tls | upstream_reset |
| HttpParserError | | | upstream_malformed |
| HttpParserUpgrade | | | upstream_status |
| zlib.error | | | upstream_encoding |
| anything else: a bug in SeaLink | internal_error (500) | internal_error | internal_error |

A connection that is closed without an error is upstream_closed before the response, upstream_truncated in its body.
"""

import errno
import os
import socket
import ssl
import zlib
from typing import Literal

import httptools

from sealink.errors import GatewayTimeout, InternalError, SealinkError, ServiceUnavailable, UpstreamError

Stage = Literal["connect", "tls", "exchange"]


def upstream_failure(cause: Exception, peer: str, stage: Stage) -> SealinkError:
    """The SealinkError that `cause` means. `peer` is how messages name the other end (`host:port`)."""
    match cause:
        case SealinkError():
            return cause
        case httptools.HttpParserCallbackError(__context__=SealinkError() as error):
            return error  # raised by one of our own callbacks, while the parser ran
        case httptools.HttpParserError():
            return malformed(peer, str(cause))
        case httptools.HttpParserUpgrade():
            return unasked(peer, 101)
        case zlib.error():
            return undecodable(peer, str(cause))
        case socket.gaierror() | UnicodeError():
            return UpstreamError(f"The name of {peer} does not resolve: {_reason(cause)}.", code="upstream_unresolved")
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return ServiceUnavailable(f"No connection to {peer} could be opened: {_reason(cause)}.")
        case OSError() if stage == "exchange":
            return UpstreamError(f"The connection to {peer} broke off: {_reason(cause)}.", code="upstream_reset")
        case TimeoutError():
            return GatewayTimeout(f"No connection to {peer} was established in time (connect_s).", code="connect")
        case OSError() if stage == "tls":
            return UpstreamError(f"TLS with {peer} failed: {_reason(cause)}.", code="upstream_tls")
        case ConnectionRefusedError():
            return UpstreamError(f"The connection to {peer} was refused.", code="upstream_refused")
        case OSError():
            return UpstreamError(f"{peer} cannot be reached: {_reason(cause)}.", code="upstream_refused")
        case _:  # the event loop hands on what a protocol's method raised
            return InternalError(f"SeaLink failed while it talked to {peer}.")


def malformed(peer: str, why: str) -> UpstreamError:
    return UpstreamError(f"The answer of {peer} is not proper HTTP/1.1: {why}.", code="upstream_malformed")


def unasked(peer: str, status: int) -> UpstreamError:
    """101 switches to another protocol; below 100 there is nothing."""
    return UpstreamError(f"The upstream answered {status}, which {peer} was not asked for.", code="upstream_status")


def undecodable(peer: str, why: str) -> UpstreamError:
    return UpstreamError(f"The answer of {peer} cannot be decoded: {why}.", code="upstream_encoding")


def truncated(peer: str) -> UpstreamError:
    return UpstreamError(f"The answer of {peer} was cut off before its end.", code="upstream_truncated")


def closed(peer: str) -> UpstreamError:
    return UpstreamError(f"The connection to {peer} was closed before an answer came.", code="upstream_closed")


def _reason(cause: Exception) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return cause.verify_message.rstrip(".")
        case ssl.SSLError(reason=str(reason)):
            return reason.replace("_", " ").lower()
        case socket.gaierror(strerror=str(words)):
            return words
        case OSError(errno=int(number)) if number:
            return os.strerror(number)
        case ConnectionError():
            return "the other end closed the connection"  # asyncio's own, without a number
        case _:
            return str(cause).rstrip(".") or type(cause).__name__
