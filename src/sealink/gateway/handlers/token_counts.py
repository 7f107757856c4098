"""Endpoints that count the tokens of a request. That costs nothing; its row has no tokens and the cost 0.

https://platform.claude.com/docs/en/build-with-claude/token-counting. The model's own upstream is asked if it speaks the
client's dialect and has such an endpoint; otherwise SeaLink estimates, and says so in `x-sealink-token-count`.
"""

import asyncio
import time
from typing import Final

from sealink.catalog.tokens import estimate_tokens
from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.gateway import headers
from sealink.gateway.account import Account
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest, admission_of
from sealink.gateway.failover.attempt import Surroundings
from sealink.gateway.metering import Meter
from sealink.gateway.model_api import ModelApi
from sealink.gateway.operations.token_counts import COUNT_TOKENS
from sealink.gateway.services import Services
from sealink.http.endpoint import RequestContext
from sealink.http.responses import JSON, identity
from sealink.net.header_lines import pairs_of
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
        self._services = services
        self._client = client
        self._api = ModelApi(client, "off", whole=COUNT_TOKENS)

    async def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        admitted = self._admission.admit(request, responder, context, self._api)
        if not isinstance(admitted, AdmittedRequest):
            admitted = await admitted
        observers = self._services.observers
        asked = admitted.request
        admission = admission_of(asked.request_id, admitted.key, asked.client, asked.head, asked.trace)
        account = Account(admission, Meter(asked, self._services.prices), admitted.queued_ms)
        observers.admitted(admission)
        try:
            source, counted = await self._count(admitted, account)
            account.end("done", "upstream")
        except SealinkError as error:
            error.headers = [*error.headers, *headers.requested(asked.head.model)]
            account.fail(error)
            account.status = error.status
            raise
        except asyncio.CancelledError:
            if responder.gone:
                account.end("client_gone", "client")
            else:
                account.end("stopped", "sealink", "draining")
            raise
        finally:
            account.end("error", "sealink", "internal_error")  # unless it is known already how it ended
            observers.settled(admission, account.settlement())
        told = [*admitted.answer_headers, *pairs_of(admitted.limit_lines), *source]
        responder.send(200, [*JSON, *identity(context.request_id), *told], counted)

    async def _count(self, admitted: AdmittedRequest, account: Account) -> tuple[HeaderList, bytes]:
        """The count, and where it is from: of the first target that can count, else an estimate."""
        for target in admitted.route.targets:
            counted = await self._counted_by(target, admitted.request, account)
            if counted is not None:
                account.answered_free(target)
                return [("x-sealink-token-count", "upstream"), ("x-sealink-upstream", target.provider.name)], counted
        account.answered_free(None)
        tokens = estimate_tokens(self._client.prompt_text(admitted.request.head))
        return [("x-sealink-token-count", "estimated")], self._client.counted(tokens)

    async def _counted_by(self, target: Target, request: ClientRequest, account: Account) -> bytes | None:
        """The target's own count; None where it has none to give. Raises the error by which it refuses the request."""
        if target.provider.dialect.name != self._client.name:
            return None
        now, trace = time.monotonic(), request.trace
        own = ClientRequest(request.request_id, request.client, request.head, now, trace=trace)  # never strict
        surroundings = Surroundings(self._services.pool, self._services.timers, account.mark)
        attempt = COUNT_TOKENS.attempt(own, target, surroundings)
        entry = account.attempt(target, attempt.span_id)
        try:
            async with asyncio.timeout(min(target.timeouts.first_content_s, _MAX_WAIT_S)):
                await attempt.answer()
        except UpstreamRejected as error:
            attempt.close()
            entry.code = error.code or error.type
            if error.status in _NO_SUCH_ENDPOINT or error.status >= _SERVER_ERROR:
                return None
            error.headers = [*error.headers, *headers.asked(target, attempt.outgoing, is_fallback=False)]
            raise
        except SealinkError as error:
            attempt.close()
            entry.code = error.code or error.type
            return None
        except TimeoutError:
            attempt.close()
            entry.code = "first_content"
            return None
        except asyncio.CancelledError:  # the client has left
            attempt.close()
            entry.code = "cancelled"
            raise
        return attempt.body
