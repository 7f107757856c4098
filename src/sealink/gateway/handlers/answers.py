"""Endpoints at which a model answers, each request by an exchange of its own."""

from collections.abc import Awaitable

from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.exchange import Exchange
from sealink.gateway.model_api import ModelApi
from sealink.gateway.services import Services
from sealink.http.endpoint import RequestContext
from sealink.net.message import Request, Responder


class Answers:
    """The handler of one such endpoint."""

    def __init__(self, admission: AdmissionControl, services: Services, api: ModelApi) -> None:
        self._admission = admission
        self._services = services
        self._api = api

    def __call__(self, request: Request, responder: Responder, context: RequestContext) -> Awaitable[None] | None:
        admitted = self._admission.admit(request, responder, context, self._api)
        if not isinstance(admitted, AdmittedRequest):  # a gate has to wait
            return self._answer_when_admitted(admitted, responder, context)
        Exchange(admitted, responder, self._services, self._api, context.refuse).start()
        return None

    async def _answer_when_admitted(
        self, admitted: Awaitable[AdmittedRequest], responder: Responder, context: RequestContext
    ) -> None:
        Exchange(await admitted, responder, self._services, self._api, context.refuse).start()
