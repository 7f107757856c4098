"""POST …/count_tokens: how many tokens a request has, before it is asked. Nothing is charged for it, or written down.

https://platform.claude.com/docs/en/api/messages/count_tokens. The model's own upstream is asked where it speaks the
client's dialect and has such an endpoint; else SeaLink counts, and says so in `x-sealink-token-count`.
"""

import asyncio
from typing import Final

from sealink.catalog.tokens import estimate_tokens
from sealink.errors import SealinkError, UpstreamRejected
from sealink.gateway import headers
from sealink.gateway.attempt import ClientRequest, Pool, WholeAttempt
from sealink.gateway.call import AdmittedRequest
from sealink.ledger.timeline import Moment
from sealink.net.message import Responder
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.wire.dialect import CountingDialect, OutgoingRequest

_NO_SUCH_ENDPOINT: Final = frozenset({404, 405, 501})
_ITS_OWN_FAULT: Final = 500


class CountAttempt(WholeAttempt):
    """`answer` returns with the target's own count in `body`. It is of the client's dialect."""

    def _outgoing(self, asked: ClientRequest, target: Target) -> OutgoingRequest:
        assert isinstance(asked.client, CountingDialect)
        return apply_profile(asked.client.forward_count(asked.head, target.model), target.provider.profile)

    def _rewrite(self, answer: bytes) -> bytes:
        return answer


async def count_tokens(call: AdmittedRequest, client: CountingDialect, responder: Responder, pool: Pool) -> None:
    """Answer the client. Raises the SealinkError with which an upstream refuses the request itself."""
    fields = [*headers.JSON, *headers.identity(call.request_id), *call.extra_headers]
    for target in call.route.targets:
        counted = await _counted_by(target, call, pool) if target.provider.dialect.name == client.name else None
        if counted is not None:
            where = [("x-sealink-token-count", "upstream"), ("x-sealink-upstream", target.provider.name)]
            responder.send(200, [*fields, *where], counted)
            return
    tokens = estimate_tokens(client.prompt_text(call.head))
    responder.send(200, [*fields, ("x-sealink-token-count", "estimated")], client.counted(tokens))


async def _counted_by(target: Target, call: AdmittedRequest, pool: Pool) -> bytes | None:
    """The target's own count; None where it has none to give, now or ever."""
    attempt = CountAttempt(ClientRequest(call.request_id, call.client, call.head), target, pool, _unmarked)
    try:
        async with asyncio.timeout(target.timeouts.first_content_s):
            await attempt.answer()
    except UpstreamRejected as error:
        attempt.close()
        if error.status in _NO_SUCH_ENDPOINT or error.status >= _ITS_OWN_FAULT:
            return None
        raise
    except (SealinkError, TimeoutError):
        attempt.close()
        return None
    except asyncio.CancelledError:  # the client has left
        attempt.close()
        raise
    attempt.release()
    return attempt.body


def _unmarked(moment: Moment) -> None:
    """No row tells of it."""
