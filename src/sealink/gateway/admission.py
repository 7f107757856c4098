"""Admission: whether a request may be answered, decided between reading it and the exchange.

authenticate ─▶ parse the head ─▶ may the key use the model? ─▶ where does the model lead? ─▶ each gate in turn

The first comes when the head of the HTTP request is in, before its body is read. A request that passes it has a row,
whichever of the others refuses it.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from sealink.access.keys import ApiKey
from sealink.access.rejected_keys import RejectedKeys
from sealink.errors import AuthenticationError, SealinkError
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.gate import Gate
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.gateway.refusals import BeginTrace, Refusals, readable_head
from sealink.gateway.undecided import Undecided
from sealink.http.endpoint import RequestContext
from sealink.net.message import Request, Responder
from sealink.policy.auth import require_model, require_place
from sealink.policy.routing import Router
from sealink.wire.dialect import ClientApi


class Keys(Protocol):
    """The API keys that are in force now."""

    def authenticate(self, headers: dict[str, str]) -> ApiKey:
        """The key that a request carries. Raises AuthenticationError when there is none that is known."""


class AdmissionControl:
    """Admits the requests of one process."""

    def __init__(
        self,
        keys: Keys,
        router: Router,
        observers: Observers,
        gates: Sequence[Gate] = (),
        begin_trace: BeginTrace | None = None,
        rejected_keys: RejectedKeys | None = None,
    ) -> None:
        """`begin_trace`: None where requests are not traced. `rejected_keys` are counted on from there."""
        self.rejected_keys = rejected_keys or RejectedKeys()
        self._keys = keys
        self._router = router
        self._begin_trace = begin_trace
        self._refusals = Refusals(observers, begin_trace)
        self._gates = tuple(gates)

    @property
    def router(self) -> Router:
        return self._router

    def authenticate(self, request: Request) -> ApiKey:
        """The key of a request. Raises AuthenticationError, or PermissionDenied if it may not be used there."""
        key = self._key_of(request)
        if key.allowed_networks or key.endpoints:
            require_place(key, request.peer, request.path)
        return key

    def refused_unread(self, client: ClientApi, request: Request, error: SealinkError) -> None:
        """A request that was authenticated is refused before it is whole, or is not proper HTTP."""
        self._refusals.record(error, request, self._key_of(request), client)

    def admit(
        self, request: Request, responder: Responder, context: RequestContext, api: ModelApi
    ) -> AdmittedRequest | Undecided:
        """The admitted request; Undecided only where a gate has to wait. Raises the SealinkError that refuses it: it is
        malformed, or may not be answered for this key."""
        key, head = self._key_of(request), None
        try:
            if key.allowed_networks or key.endpoints:
                require_place(key, request.peer, request.path)
            head = api.client.parse_head(request.body, request.headers)
            head.query = request.query
            require_model(key, head.model)
            is_strict = key.strict or request.headers.get("x-sealink-strict", "").lower() == "true"
            admitted = AdmittedRequest(
                ClientRequest(context.request_id, api.client, head, time.monotonic(), is_strict),
                key,
                self._router.route_of(head.model),
                key.heartbeat or api.heartbeat,
                context.answer_headers,
            )
            if self._begin_trace is not None:
                admitted.request.trace = self._begin_trace(context.request_id, request.headers)
            gates = iter(self._gates)
            for gate in gates:
                waiting = gate.admit(admitted)
                if waiting is not None:
                    admitted.renew = partial(self._renew, request, admitted)
                    return Undecided(request, responder, admitted, waiting, gates, self._refusals)
        except SealinkError as error:
            self._refusals.record(error, request, key, api.client, head or readable_head(request.body))
            raise
        return admitted

    def _key_of(self, request: Request) -> ApiKey:
        """The key of a request, which is found out once."""
        if isinstance(request.principal, ApiKey):
            return request.principal
        try:
            request.principal = key = self._keys.authenticate(request.headers)
        except AuthenticationError:
            self.rejected_keys.count(request.peer)
            raise
        return key

    def _renew(self, request: Request, admitted: AdmittedRequest) -> None:
        """A request waits, and its key may have changed. Raises AuthenticationError or PermissionDenied."""
        key = admitted.key = self._keys.authenticate(request.headers)
        if key.allowed_networks or key.endpoints:
            require_place(key, request.peer, request.path)
        require_model(key, admitted.request.head.model)
