"""What the pages need of the running SeaLink. app/ fills it in."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from sealink.admin.sessions import Sessions
from sealink.admin.shapes import Section, TargetState
from sealink.catalog.prices import PriceRules
from sealink.console.oidc.settings import OidcSettings
from sealink.gateway.open_exchanges import OpenStream, RowLength
from sealink.limits.standing import Standing
from sealink.limits.subjects import Subject
from sealink.policy.routing import ModelRoute
from sealink.webhooks.settings import WebhookSettings

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore


MAX_LISTED: Final = 500
"""Open streams that are looked at in detail: there may be thousands, and they are asked for every second."""
STATES: Final = ("closed", "half-open", "open")
"""A breaker's states, the worst last."""


class Changed(Protocol):
    """What a config that was read again has changed."""

    @property
    def applied(self) -> tuple[str, ...]: ...
    @property
    def at_restart(self) -> tuple[str, ...]: ...


class Streams(msgspec.Struct, frozen=True):
    """What runs in all processes: the open streams, the newest first, of which there may be more than are listed; and
    how many other requests are open."""

    listed: list[OpenStream]
    streams: int
    others: int


class Backend(msgspec.Struct, frozen=True):
    """`store` gives the keys and teams, and blocks, as does the ledger at `store_url`, with its journals. `changed` is
    called after a change to keys. `is_token` compares in constant time. `reload` raises a ValueError that says what is
    wrong in the config; `preview` says what it would change. `settings` are the config in force, without its secrets.
    `live` tells the open streams in short, as a JSON array of each process (see live_feed). `standing` says what is
    left of the limits of a key or team; it blocks, and raises ServiceUnavailable. `base_url` is that of the public
    port, as clients use it. `has_tls`: the admin port has a certificate.
    """

    sessions: Sessions
    is_token: Callable[[str], bool]
    store: "Callable[[], AccessStore]"
    changed: Callable[[], None]
    store_url: str
    journal: Path
    streams: Callable[[], Awaitable[Streams]]
    live: Callable[[RowLength], list[bytes] | Awaitable[list[bytes]]]
    end_stream: Callable[[str], Awaitable[bool]]
    targets: Callable[[], Awaitable[list[TargetState]]]
    reload: Callable[[], Awaitable[Changed]]
    preview: Callable[[], Awaitable[Changed]]
    settings: Callable[[], list[Section]]
    standing: Callable[[Subject], Standing]
    routes: Callable[[], tuple[ModelRoute, ...]]
    prices: Callable[[], PriceRules]
    base_url: Callable[[], str]
    webhooks: tuple[WebhookSettings, ...] = ()
    oidc: OidcSettings = OidcSettings()
    sign_in_attempts: int = 10
    sign_in_window_s: float = 60.0
    has_tls: bool = False
    refresh_s: float = 1.0
