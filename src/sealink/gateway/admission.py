"""Admission: whether a request may be answered, decided between reading it and the exchange.

authenticate ─▶ parse the head ─▶ may the key use the model? ─▶ where does the model lead? ─▶ each gate in turn
"""

import time
from collections.abc import Awaitable, Sequence
from typing import Protocol

from sealink.access.keys import ApiKey
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.model_api import ModelApi
from sealink.http.endpoint import RequestContext
from sealink.net.message import Request
from sealink.policy.auth import require_model, require_place
from sealink.policy.routing import Router


class Keys(Protocol):
    """The API keys that are in force now."""

    def authenticate(self, headers: dict[str, str]) -> ApiKey:
        """The key that a request carries. Raises AuthenticationError when there is none that is in force."""


class Gate(Protocol):
    """One more condition that a request must meet, such as a limit or a budget."""

    def admit(self, request: AdmittedRequest) -> Awaitable[None] | None:
        """Raise a SealinkError to refuse the request. None: it is let in. Only a gate that has to ask elsewhere
        returns an awaitable, which then does one or the other."""


class AdmissionControl:
    """Admits the requests of one process."""

    def __init__(self, keys: Keys, router: Router, gates: Sequence[Gate] = ()) -> None:
        self._keys = keys
        self._router = router
        self._gates = tuple(gates)

    @property
    def router(self) -> Router:
        return self._router

    def authenticate(self, request: Request) -> ApiKey:
        """The key of a request. Raises AuthenticationError, or PermissionDenied if it may not be used from there."""
        key = self._keys.authenticate(request.headers)
        if key.allowed_networks or key.endpoints:
            require_place(key, request.peer, request.path)
        return key

    def admit(
        self, request: Request, context: RequestContext, api: ModelApi
    ) -> AdmittedRequest | Awaitable[AdmittedRequest]:
        """The admitted request; an awaitable of it only where a gate has to wait. Raises the SealinkError that refuses
        it: it is malformed, or may not be answered for this key."""
        admitted = self._identify(request, context, api)
        for index, gate in enumerate(self._gates):
            waiting = gate.admit(admitted)
            if waiting is not None:
                return self._pass_rest(admitted, waiting, self._gates[index + 1 :])
        return admitted

    def _identify(self, request: Request, context: RequestContext, api: ModelApi) -> AdmittedRequest:
        """Who asks which model, and where it leads."""
        key = self.authenticate(request)
        head = api.client.parse_head(request.body, request.headers)
        head.query = request.query
        require_model(key, head.model)
        is_strict = key.strict or request.headers.get("x-sealink-strict", "").lower() == "true"
        return AdmittedRequest(
            request=ClientRequest(context.request_id, api.client, head, time.monotonic(), is_strict),
            key=key,
            route=self._router.route_of(head.model),
            heartbeat=key.heartbeat or api.heartbeat,
            cors_headers=context.answer_headers,
        )

    async def _pass_rest(
        self, admitted: AdmittedRequest, waiting: Awaitable[None], rest: Sequence[Gate]
    ) -> AdmittedRequest:
        await waiting
        for gate in rest:
            answer = gate.admit(admitted)
            if answer is not None:
                await answer
        return admitted
