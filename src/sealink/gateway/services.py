"""What the exchanges of one process share."""

import msgspec

from sealink.catalog.prices import PriceRules
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings, Slots
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.observers import Observers
from sealink.gateway.open_exchanges import OpenExchanges
from sealink.gateway.timer_wheel import TimerWheel
from sealink.net.message import Pool
from sealink.policy.health import HealthBook
from sealink.policy.hedging import Hedging
from sealink.policy.retry import RetrySettings
from sealink.policy.token_bucket import TokenBucket
from sealink.telemetry.content_log import ContentLog


class Services(msgspec.Struct):
    """The connections to upstreams, the observers, and what policies count and are set to.

    `finish` and `finishing`: how far, and how many, answers are read on after their clients have left; `unattended`,
    at which pace. `prices` are the operator's. `open`: the exchanges that have
    not ended. `content`: where prompts and answers are written down; None: nowhere.
    """

    pool: Pool
    observers: Observers
    health: HealthBook
    logs: StreamLogs
    retry: RetrySettings
    retry_budget: TokenBucket
    hedging: Hedging
    heartbeat: HeartbeatSettings
    finish: FinishSettings
    finishing: Slots
    unattended: Unattended
    timers: TimerWheel = msgspec.field(default_factory=TimerWheel)
    prices: PriceRules = msgspec.field(default_factory=PriceRules)
    open: OpenExchanges = msgspec.field(default_factory=OpenExchanges)
    content: ContentLog | None = None
