"""A client's request for a model, as it was read, and as it was admitted."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Protocol, cast

import msgspec

from sealink.access.keys import ApiKey
from sealink.errors import HeaderList
from sealink.ledger.entry import Admission
from sealink.policy.routing import ModelRoute, OnDisconnect, Target
from sealink.request import ChatRequest
from sealink.trace_context import TraceContext
from sealink.wire.dialect import ClientApi, ClientDialect, FallbackIdentity, HeartbeatShape, RequestHead
from sealink.wire.stream.metered_handler import RunningMeter


class StreamMeter(Protocol):
    """What a stream under a budget or balance may still cost. `room`: how many tokens there is money for, whichever
    target sends them; None: not for all of the answer."""

    @property
    def room(self) -> int | None: ...

    def of(self, target: Target) -> RunningMeter:
        """The meter of the stream that a target sends."""

    def code(self) -> str:
        """Why it ends, as a 402 would say it."""


class ClientRequest(msgspec.Struct, dict=True):
    """A request in its client's own API. It is parsed into the neutral form only if a target needs that.

    `is_strict`: where a target does not support a parameter, the request fails; otherwise the parameter is dropped.
    `meter`: of a stream that ends when money is used up. `received_at`: a monotonic clock's seconds. `trace` is None
    where requests are not traced. `keeps_chars`: how much of a stream's text is kept, to be written
    down.
    """

    request_id: str
    client: ClientApi
    head: RequestHead
    received_at: float
    is_strict: bool = False
    meter: StreamMeter | None = None
    trace: TraceContext | None = None
    keeps_chars: int = 0

    @cached_property
    def neutral(self) -> ChatRequest:
        """The request in the neutral form. Raises InvalidRequest, naming the field at fault."""
        return self.dialect.parse_request(self.head)

    @property
    def dialect(self) -> ClientDialect:
        """The client's dialect, of a request for chat. Its endpoints (gateway/endpoints.py) speak no other."""
        return cast(ClientDialect, self.client)

    def time_left_s(self, target: Target) -> float:
        """How long a target may still take: `total_s` counts from the request, not from when a target's turn comes."""
        return target.timeouts.total_s - (time.monotonic() - self.received_at)

    @property
    def fallback_identity(self) -> FallbackIdentity:
        """The id, time and model of an answer whose upstream gives it none."""
        return FallbackIdentity(self.request_id.removeprefix("req_"), int(time.time()), self.head.model)


class AdmittedRequest(msgspec.Struct):
    """A request that may be answered: for which key, by which targets, and how its client is treated.

    `heartbeat` is the shape that the key has, or the endpoint. `answer_headers` go out with the answer, and
    `limit_lines`, which tell what is left of limits. `queued_ms`:
    how long it has waited in line; None: it was let in at once. `renew`: for one that waits, looks whether its key may
    still be used, and raises the SealinkError that refuses it.
    """

    request: ClientRequest
    key: ApiKey
    route: ModelRoute
    heartbeat: HeartbeatShape
    answer_headers: HeaderList = ()
    limit_lines: str = ""
    queued_ms: float | None = None
    renew: Callable[[], None] | None = None

    @property
    def request_id(self) -> str:
        return self.request.request_id

    @property
    def on_disconnect(self) -> OnDisconnect:
        """What happens when the client leaves: as the key has it, else the model."""
        return self.key.on_disconnect or self.route.on_disconnect or "cancel"

    @property
    def streams_internally(self) -> bool:
        """Whether the provider is asked for a stream where the client wants a whole answer."""
        return self.key.stream_internally or self.route.stream_internally


def admission_of(
    request_id: str, key: ApiKey, client: ClientApi, head: RequestHead | None, trace: TraceContext | None
) -> Admission:
    """The ledger's entry for a request that begins now. `head` is None where it was not read, or could not be."""
    return Admission(
        request_id=request_id,
        key=key.name,
        team=key.team,
        model=head.model if head else None,
        client=client.name,
        streamed=head is not None and head.stream,
        structured=head is not None and client.structured_output(head) is not None,
        started_at=time.time(),
        task_type=head.task_type if head else None,
        trace=trace,
    )
