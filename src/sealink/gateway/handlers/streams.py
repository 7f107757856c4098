"""Endpoints for detached streams: GET resumes one, DELETE cancels it."""

import re
from typing import Final
from urllib.parse import parse_qs

from sealink.errors import InvalidRequest
from sealink.gateway import headers
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.delivery.resume import StreamLog, StreamLogs, follow
from sealink.http.endpoint import RequestContext
from sealink.http.responses import identity
from sealink.net.message import Request, Responder

_MAX_DIGITS: Final = 18
"""More than any stream has bytes; Python refuses to read thousands of digits."""
_BYTES: Final = re.compile(rf"\d{{1,{_MAX_DIGITS}}}", re.ASCII)


class Streams:
    """The handlers."""

    def __init__(self, admission: AdmissionControl, logs: StreamLogs) -> None:
        self._admission = admission
        self._logs = logs

    async def resume(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """Send a stream from the byte `?from=N` on, and follow it to its end."""
        log = self._log_of(request, context)
        position = _position(request.query)
        log.read(position)
        stream_id = ("x-sealink-stream-id", context.path_tail)
        fields = [*headers.EVENT_STREAM, *identity(context.request_id), stream_id, *context.answer_headers]
        responder.start(200, fields)
        await follow(log, position, responder)

    async def cancel(self, request: Request, responder: Responder, context: RequestContext) -> None:
        self._log_of(request, context).cancel()
        responder.send(204, [*identity(context.request_id), *context.answer_headers], b"")

    def _log_of(self, request: Request, context: RequestContext) -> StreamLog:
        key = self._admission.authenticate(request)
        return self._logs.find(context.path_tail, key.name)


def _position(query: str) -> int:
    """The `from` of a query, 0 if there is none. Raises InvalidRequest."""
    given = parse_qs(query).get("from", ["0"])[-1]
    if not _BYTES.fullmatch(given):
        raise InvalidRequest(
            f"`from` must be a number of bytes, not {given[:_MAX_DIGITS]!r}.", code="invalid_type", param="from"
        )
    return int(given)
