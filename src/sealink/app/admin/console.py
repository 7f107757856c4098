"""What the console's pages are told of the running SeaLink, and have it do."""

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from sealink.admin.guard import Guard
from sealink.admin.sessions import Sessions
from sealink.admin.shapes import TargetState
from sealink.app.access import Access
from sealink.app.admin.masked_config import masked
from sealink.catalog.prices import PriceRules
from sealink.config import Config, rule_of
from sealink.config.changes import Changes
from sealink.console.backend import Backend, Streams
from sealink.gateway.open_exchanges import RowLength
from sealink.http import Handler
from sealink.limits.standing import Standing
from sealink.limits.subjects import Subject
from sealink.policy.routing import ModelRoute


class Control(NamedTuple):
    """What the port can tell of the running processes, and have them do.

    `metrics` are those of all, as Prometheus' text. `reload` has all read the config again, and raises ConfigError;
    `preview` says what that would change. `streams`, `live`, `end_stream` and `targets` are of all, too; `routes`,
    `config` and `base_url`, that of the public port, are the same in each. `chat` handles chat completions in this
    process. `used` is what is counted under the limits of a key or team; it raises ServiceUnavailable.
    """

    metrics: Callable[[], Awaitable[bytes]]
    reload: Callable[[], Coroutine[Any, Any, Changes]]
    preview: Callable[[], Coroutine[Any, Any, Changes]]
    streams: Callable[[], Coroutine[Any, Any, Streams]]
    live: Callable[[RowLength], list[bytes] | Awaitable[list[bytes]]]
    end_stream: Callable[[str], Coroutine[Any, Any, bool]]
    targets: Callable[[], Coroutine[Any, Any, list[TargetState]]]
    chat: Callable[[], Handler]
    routes: Callable[[], tuple[ModelRoute, ...]]
    config: Callable[[], Config]
    base_url: Callable[[], str]
    used: Callable[[Subject], Coroutine[Any, Any, dict[str, int] | None]]


def backend_of(
    control: Control, access: Access, guard: Guard, sessions: Sessions, standing: Callable[[Subject], Standing]
) -> Backend:
    """The pages' view of one SeaLink."""
    config = control.config()
    return Backend(
        sessions=sessions,
        is_token=guard.is_token,
        store=access.store,
        changed=access.changed,
        store_url=config.store.url,
        journal=Path(config.store.journal),
        streams=control.streams,
        live=control.live,
        end_stream=control.end_stream,
        targets=control.targets,
        reload=control.reload,
        preview=control.preview,
        standing=standing,
        settings=lambda: masked(control.config()),
        routes=control.routes,
        prices=lambda: PriceRules(rule_of(price) for price in control.config().prices),
        base_url=control.base_url,
        webhooks=config.webhooks,
        oidc=config.admin.oidc,
        sign_in_attempts=config.admin.sign_in_attempts,
        sign_in_window_s=config.admin.sign_in_window_s,
        has_tls=bool(config.admin.tls_cert),
        refresh_s=config.console.refresh_s,
    )
