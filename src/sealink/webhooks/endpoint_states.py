"""How the deliveries to each endpoint go: what waits, what was given up, when it took its last message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from sealink.webhooks.outbox import Backlog, Outbox
from sealink.webhooks.settings import WebhookSettings


class EndpointState(msgspec.Struct, frozen=True):
    """An endpoint: how many messages wait for it, since when the oldest does, and how many are dead letters; when it
    took one last, in any process, and what is wrong with one that waits although it was sent already."""

    url: str
    events: tuple[str, ...]
    waiting: int = 0
    dead: int = 0
    oldest: datetime | None = None
    last_delivery: datetime | None = None
    last_error: str | None = None

    @property
    def state(self) -> Literal["good", "watch", "bad"]:
        """`watch`: it does not take messages; `bad`: some were given up."""
        return "bad" if self.dead else "watch" if self.last_error else "good"


def endpoint_states(outbox: Outbox, endpoints: Sequence[WebhookSettings]) -> list[EndpointState]:
    """Those of the endpoints of a config. Blocks, and raises as Store does."""
    backlog = {each.endpoint: each for each in outbox.backlog()}
    last = outbox.last_deliveries()
    return [_state(each, backlog.get(each.url), last.get(each.url)) for each in endpoints]


def _state(endpoint: WebhookSettings, backlog: Backlog | None, last_delivery: datetime | None) -> EndpointState:
    if backlog is None:
        return EndpointState(endpoint.url, endpoint.events, last_delivery=last_delivery)
    waits = backlog.waiting, backlog.dead, backlog.oldest
    return EndpointState(endpoint.url, endpoint.events, *waits, last_delivery, backlog.last_error)
