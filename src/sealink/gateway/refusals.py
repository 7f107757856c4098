"""Requests that are refused: each that was sent with a valid key has a row, as those have that are answered."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from sealink.access.keys import ApiKey
from sealink.errors import SealinkError, ServiceUnavailable, ShuttingDown
from sealink.gateway import headers
from sealink.gateway.admitted_request import AdmittedRequest, admission_of
from sealink.gateway.observers import Observers
from sealink.ledger.entry import Admission, Settlement
from sealink.net.message import Request
from sealink.trace_context import TraceContext
from sealink.wire.dialect import ClientApi, RequestHead
from sealink.wire.raw_json.request_fields import ModelName

_SERVER_ERROR: Final = 500

BeginTrace = Callable[[str, Mapping[str, str]], TraceContext]
"""The trace of a request with this id and these headers."""


class _Readable(msgspec.Struct):
    """What a row says of a request whose other fields are wrong."""

    model: ModelName
    stream: object = False


_decoder = msgspec.json.Decoder(_Readable)


class Refusals:
    """Notifies the observers of them."""

    def __init__(self, observers: Observers, begin_trace: BeginTrace | None = None) -> None:
        self._observers = observers
        self._begin_trace = begin_trace

    def record(
        self,
        error: SealinkError,
        request: Request,
        key: ApiKey,
        client: ClientApi,
        head: RequestHead | None = None,
        queued_ms: float | None = None,
    ) -> None:
        """A request is refused with `error`. `head` is None where it was not read, or could not be; `queued_ms`: how
        long it has waited in line."""
        if head is not None:
            error.headers = [*error.headers, *headers.requested(head.model)]
        trace = self._begin_trace(request.id, request.headers) if self._begin_trace is not None else None
        admission = admission_of(request.id, key, client, head, trace)
        settlement = Settlement(
            request_id=request.id,
            ended="refused",
            ended_by="client" if error.status < _SERVER_ERROR else "sealink",
            code=error.code or error.type,
            status=error.status,
            queued_ms=queued_ms,
        )
        self._write(admission, settlement)

    def record_broken_off(self, admitted: AdmittedRequest, *, is_client_gone: bool) -> None:
        """A request ends while it waits to be let in: its client has left, or else SeaLink stops."""
        asked = admitted.request
        admission = admission_of(asked.request_id, admitted.key, asked.client, asked.head, asked.trace)
        request_id, queued_ms = asked.request_id, admitted.queued_ms
        if is_client_gone:
            ending = Settlement(request_id=request_id, status=499, ended="client_gone", ended_by="client")
        else:
            code = ShuttingDown.code
            ending = Settlement(request_id=request_id, status=503, ended="stopped", ended_by="sealink", code=code)
        self._write(admission, msgspec.structs.replace(ending, queued_ms=queued_ms))

    def _write(self, admission: Admission, settlement: Settlement) -> None:
        with contextlib.suppress(ServiceUnavailable):  # the ledger has said in the log that it cannot be written
            self._observers.admitted(admission)
            self._observers.settled(admission, settlement)


def readable_head(body: bytes) -> RequestHead | None:
    """What can be read of a body that is no proper request."""
    try:
        fields = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return RequestHead(fields.model, fields.stream is True, include_usage=False, task_type=None, fields={})
