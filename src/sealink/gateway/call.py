"""What an exchange is given: the call that it answers, and what it shares with the others of its process."""

import msgspec

from sealink.access.keys import ApiKey
from sealink.errors import HeaderList
from sealink.gateway.account import Ledger
from sealink.gateway.attempt import Pool
from sealink.gateway.draining import DrainSettings, Slots
from sealink.gateway.heartbeat import HeartbeatSettings
from sealink.gateway.stream_log import StreamLogs
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import OnDisconnect, Route
from sealink.policy.token_bucket import TokenBucket
from sealink.wire.dialect import ClientDialect, HeartbeatShape, RequestHead


class AdmittedRequest(msgspec.Struct):
    """An admitted request: who asks, on which path, in which dialect, for what, and where it may be had.

    `extra_headers` go out with the answer, whatever it is (CORS). `is_strict`: a parameter that a target cannot be
    told is not left out, but refused.
    """

    request_id: str
    path: str
    key: ApiKey
    client: ClientDialect
    head: RequestHead
    route: Route
    extra_headers: HeaderList = ()
    is_strict: bool = False

    @property
    def on_disconnect(self) -> OnDisconnect:
        """The key's word counts, then the model's."""
        return self.key.on_disconnect or self.route.on_disconnect or "cancel"

    def heartbeat(self, settings: HeartbeatSettings) -> HeartbeatShape:
        """The key's word counts, then the path's."""
        return self.key.heartbeat or settings.shape_on(self.path)


class Services(msgspec.Struct):
    """What the exchanges of one process share."""

    pool: Pool
    ledger: Ledger
    health: HealthBook
    logs: StreamLogs
    retry: RetrySettings
    retry_budget: TokenBucket
    hedging: Hedging
    heartbeat: HeartbeatSettings
    drain: DrainSettings
    drains: Slots
