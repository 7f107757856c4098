"""Endpoints that count the tokens of a request. Nothing is charged for it, and no row is written.

https://platform.claude.com/docs/en/api/messages/count_tokens. The model's own upstream is asked if it speaks the
client's dialect and has such an endpoint; otherwise SeaLink estimates, and says so in `x-sealink-token-count`.
"""

import asyncio
import time
from typing import Final

from sealink.catalog.tokens import estimate_tokens
from sealink.errors import SealinkError, UpstreamRejected
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.failover.attempt import Surroundings
from sealink.gateway.model_api import ModelApi
from sealink.gateway.operations.token_counts import COUNT_TOKENS
from sealink.gateway.services import Services
from sealink.http.endpoint import RequestContext
from sealink.http.responses import JSON, identity
from sealink.ledger.timeline import Moment
from sealink.net.message import Request, Responder
from sealink.policy.routing import Target
from sealink.wire.dialect import CountingDialect

_NO_SUCH_ENDPOINT: Final = frozenset({404, 405, 501})
_SERVER_ERROR: Final = 500
_MAX_WAIT_S: Final = 60.0
"""How long an upstream may count: nothing has to think for it, and an estimate is there at once."""


class TokenCounts:
    """The handler of one such endpoint."""

    def __init__(self, admission: AdmissionControl, services: Services, client: CountingDialect) -> None:
        self._admission = admission
        self._surroundings = Surroundings(services.pool, services.timers, _no_timeline)
        self._client = client
        self._api = ModelApi(client, "off", whole=COUNT_TOKENS)

    async def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        admitted = self._admission.admit(request, context, self._api)
        if not isinstance(admitted, AdmittedRequest):
            admitted = await admitted
        fields = [*JSON, *identity(context.request_id), *context.cors_headers]
        for target in admitted.route.targets:
            counted = await self._counted_by(target, admitted.request)
            if counted is not None:
                source = [("x-sealink-token-count", "upstream"), ("x-sealink-upstream", target.provider.name)]
                responder.send(200, [*fields, *source], counted)
                return
        tokens = estimate_tokens(self._client.prompt_text(admitted.request.head))
        responder.send(200, [*fields, ("x-sealink-token-count", "estimated")], self._client.counted(tokens))

    async def _counted_by(self, target: Target, request: ClientRequest) -> bytes | None:
        """The target's own count; None where it has none to give. Raises the error by which it refuses the request."""
        if target.provider.dialect.name != self._client.name:
            return None
        own = ClientRequest(request.request_id, request.client, request.head, time.monotonic())  # never strict
        attempt = COUNT_TOKENS.attempt(own, target, self._surroundings)
        try:
            async with asyncio.timeout(min(target.timeouts.first_content_s, _MAX_WAIT_S)):
                await attempt.answer()
        except UpstreamRejected as error:
            attempt.close()
            if error.status in _NO_SUCH_ENDPOINT or error.status >= _SERVER_ERROR:
                return None
            raise
        except (SealinkError, TimeoutError):
            attempt.close()
            return None
        except asyncio.CancelledError:  # the client has left
            attempt.close()
            raise
        return attempt.body


def _no_timeline(moment: Moment) -> None: ...
