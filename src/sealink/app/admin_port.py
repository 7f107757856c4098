"""The admin port of a running SeaLink. Of several processes one has it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sealink.admin.admin_token import FILE, load_or_make
from sealink.admin.endpoints import admin_endpoints, operations_on
from sealink.admin.guard import HEADERS, Guard
from sealink.admin.usage import Currency, UsageOperations
from sealink.app.access import Access
from sealink.app.address import is_loopback, printable
from sealink.config import Config
from sealink.config.changes import Changes
from sealink.config.environment import admin_token
from sealink.http import Dispatcher
from sealink.net.message import Request, Responder
from sealink.net.server import Server, ServerLimits

if TYPE_CHECKING:
    from sealink.ledger.reports.report import Report

log = logging.getLogger("sealink.admin")

_RETRY_S: Final = 1.0
"""How often the port is tried again while another process has it, such as a SeaLink that is stopping."""


class Control(NamedTuple):
    """What the port can tell of the running processes, and have them do: give their metrics, as Prometheus' text; read
    the config again, which raises ConfigError; `currency` is that in which prices are shown."""

    metrics: Callable[[], Awaitable[bytes]]
    reload: Callable[[], Coroutine[Any, Any, Changes]]
    currency: Callable[[], Currency]


class AdminPort:
    """Listens as soon as it can; the gateway does not wait for it."""

    def __init__(self, config: Config, access: Access, control: Control) -> None:
        self._control = control
        self._config = config
        self._access = access
        self._server: Server | None = None
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen. Where that is not possible, the log says why."""
        try:
            given = admin_token()
            token = given or load_or_make(Path(self._config.server.data_dir))
        except OSError as error:
            log.error("there is no admin API: its token cannot be kept: %s", error)
            return
        self._server = self._server_for(token)
        where = "SEALINK_ADMIN_TOKEN" if given else str(Path(self._config.server.data_dir) / FILE)
        self._listening = asyncio.create_task(self._listen(self._server, where))

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._server is not None and self._listening is not None and self._listening.done():
            await self._server.stop(0)

    async def _listen(self, server: Server, token_place: str) -> None:
        host, port = self._config.admin.host, self._config.admin.port
        is_first = True
        while True:
            try:
                addresses = await server.start(host, port)
            except OSError as error:
                if is_first:
                    log.warning("the admin API waits for %s:%d: %s", host, port, error.strerror)
                is_first = False
                await asyncio.sleep(_RETRY_S)
                continue
            url = f"http://{printable(host)}:{addresses[0][1]}"
            log.info("admin API: %s/admin/v1; token: %s", url, token_place)
            return

    def _server_for(self, token: str) -> Server:
        admin = self._config.admin
        guard = Guard(token, (admin.host, *admin.allowed_hosts), is_loopback=is_loopback(admin.host))
        loop = asyncio.get_running_loop()

        def reload() -> Changes:
            return asyncio.run_coroutine_threadsafe(self._control.reload(), loop).result()

        usage = UsageOperations(self._report, self._control.currency)
        operations = operations_on(self._access.store, self._access.changed, reload, usage)
        dispatcher = Dispatcher(
            admin_endpoints(operations, self._control.metrics), max_body_bytes=admin.max_body_bytes, headers=HEADERS
        )

        def handle(request: Request, responder: Responder) -> Coroutine[Any, Any, None] | None:
            guard.check(request)
            return dispatcher.handle(request, responder)

        def check_head(request: Request) -> int:
            guard.check(request)
            return dispatcher.check_head(request)

        return Server(handle, limits=ServerLimits(), check_head=check_head, error_response=dispatcher.error_response)

    @contextmanager
    def _report(self) -> "Iterator[Report]":
        """A report on the ledger. It imports SQLAlchemy: only threads ask for it."""
        from sealink.ledger.reports.report import open_report

        store = self._config.store
        with open_report(store.url, Path(store.journal)) as report:
            yield report
