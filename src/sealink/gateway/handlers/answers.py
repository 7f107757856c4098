"""Endpoints at which a model answers, each request by an exchange of its own."""

from functools import partial

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

    def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        admitted = self._admission.admit(request, responder, context, self._api)
        if isinstance(admitted, AdmittedRequest):
            Exchange(admitted, responder, self._services, self._api, context.refuse).start()
        else:  # a gate has to wait
            admitted.then(partial(self._answer, responder, context), context.refuse)

    def _answer(self, responder: Responder, context: RequestContext, admitted: AdmittedRequest) -> None:
        Exchange(admitted, responder, self._services, self._api, context.refuse).start()
