"""The admin port of a running SeaLink. Of several processes one has it."""

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from sealink.admin.admin_token import FILE, load_or_make
from sealink.admin.endpoints import admin_endpoints, operations_on
from sealink.admin.guard import HEADERS, Guard
from sealink.admin.playground import playground
from sealink.admin.sessions import Sessions
from sealink.admin.shapes import Section, TargetState
from sealink.admin.streams import StreamList, operations_on_streams, operations_on_targets
from sealink.admin.usage import Currency, operations_on_usage
from sealink.admin.webhooks import operations_on_webhooks
from sealink.app.access import Access
from sealink.app.admin.console import Control, backend_of
from sealink.app.admin.masked_config import masked
from sealink.app.limits.spending import SpentByLedger, reports_of
from sealink.app.listening.address import is_loopback, printable
from sealink.app.listening.sockets import open_tcp
from sealink.config import Config
from sealink.config.changes import Changes
from sealink.config.environment import admin_token
from sealink.console.endpoints import console_endpoints
from sealink.http import Dispatcher
from sealink.limits.standing import Standing, standing_of
from sealink.limits.subjects import Subject
from sealink.net.message import Request, Responder
from sealink.net.server import CertificateError, Server, ServerLimits, ServerTls

log = logging.getLogger("sealink.admin")

_RETRY_S: Final = 1.0
"""How often the port is tried again while another process has it: another worker, or a SeaLink that is stopping."""


class AdminPort:
    """Listens as soon as it can; the gateway does not wait for it. Of the processes that are given the same file as
    their `turn`, one listens: it has locked the file. When it ends, another does."""

    def __init__(self, config: Config, access: Access, control: Control, turn: Path | None = None) -> None:
        self.sockets: Sequence[socket.socket] = ()
        """What it listens on."""
        self._control = control
        self._turn = turn
        self._locked: int | None = None
        self._tls: ServerTls | None = None
        self._watching: asyncio.Task[None] | None = None
        self._config = config
        self._access = access
        self._server: Server | None = None
        self._listening: asyncio.Task[None] | None = None

    def start(self, sockets: Sequence[socket.socket] = ()) -> None:
        """Begin to listen, on these sockets if there are any. Where that is not possible, the log says why."""
        admin = self._config.admin
        try:
            given = admin_token()
            token = given or load_or_make(Path(self._config.server.data_dir))
            self._tls = ServerTls.of(admin.tls_cert, admin.tls_key)
        except OSError as error:
            log.error("there is no admin API: its token cannot be kept: %s", error)
            return
        except CertificateError as error:
            log.error("there is no admin API: its certificate cannot be used: %s", error)
            return
        self._server = self._server_for(token)
        where = "SEALINK_ADMIN_TOKEN" if given else str(Path(self._config.server.data_dir) / FILE)
        self._listening = asyncio.create_task(self._listen(self._server, sockets, where))

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._server is not None and self._listening is not None and self._listening.done():
            await self._server.stop(0)
        if self._locked is not None:
            os.close(self._locked)

    async def renew_certificate(self) -> None:
        """Read the certificate again. Raises CertificateError."""
        if self._tls is not None:
            await asyncio.to_thread(self._tls.reload)

    async def _listen(self, server: Server, given: Sequence[socket.socket], token_place: str) -> None:
        if self._turn is not None:
            await self._wait_for(self._turn)
        self.sockets = given or await self._opened()
        await server.start_on(self.sockets, self._tls)
        if self._tls is not None:
            self._watching = asyncio.create_task(self._tls.watch(self._config.server.tls_poll_s))
        scheme, port = "https" if self._tls else "http", self.sockets[0].getsockname()[1]
        url = f"{scheme}://{printable(self._config.admin.host)}:{port}"
        log.info("console: %s/; admin API: %s/admin/v1; token: %s", url, url, token_place)

    async def _wait_for(self, turn: Path) -> None:
        self._locked = os.open(turn, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            await asyncio.sleep(_RETRY_S)

    async def _opened(self) -> list[socket.socket]:
        host, port = self._config.admin.host, self._config.admin.port
        is_first = True
        while True:
            try:
                return open_tcp(host, port)
            except OSError as error:
                if is_first:
                    log.warning("the admin API waits for %s:%d: %s", host, port, error.strerror)
                is_first = False
                await asyncio.sleep(_RETRY_S)

    def _server_for(self, token: str) -> Server:
        admin = self._config.admin
        sessions = Sessions(f"sealink_session_{admin.port}", admin.session_s)
        hosts = (admin.host, *admin.allowed_hosts)
        guard = Guard(token, hosts, is_loopback=is_loopback(admin.host), sessions=sessions)
        loop = asyncio.get_running_loop()

        def reload() -> Changes:
            return asyncio.run_coroutine_threadsafe(self._control.reload(), loop).result()

        def streams() -> StreamList:
            found = asyncio.run_coroutine_threadsafe(self._control.streams(), loop).result()
            return StreamList(found.listed, found.streams)

        def end_stream(request_id: str) -> bool:
            return asyncio.run_coroutine_threadsafe(self._control.end_stream(request_id), loop).result()

        def targets() -> list[TargetState]:
            return asyncio.run_coroutine_threadsafe(self._control.targets(), loop).result()

        spent = SpentByLedger(reports_of(self._config))

        def standing(subject: Subject) -> Standing:
            used = asyncio.run_coroutine_threadsafe(self._control.used(subject), loop).result()
            return standing_of(subject, used, spent, time.time())

        operations = (
            *operations_on(self._access.store, self._access.changed, reload, self._sections, standing),
            *operations_on_streams(streams, end_stream),
            *operations_on_targets(self._control.routes, targets),
            *operations_on_usage(reports_of(self._config), self._currency),
            *operations_on_webhooks(self._config.webhooks, self._config.store.url),
        )
        endpoints = (
            *admin_endpoints(operations, self._control.metrics),
            playground(self._control.chat),
            *console_endpoints(lambda: backend_of(self._control, self._access, guard, sessions, standing)),
        )
        dispatcher = Dispatcher(endpoints, max_body_bytes=admin.max_body_bytes, headers=HEADERS)

        def handle(request: Request, responder: Responder) -> Coroutine[Any, Any, None] | None:
            guard.check(request)
            return dispatcher.handle(request, responder)

        def check_head(request: Request) -> int:
            guard.check(request)
            return dispatcher.check_head(request)

        limits = ServerLimits(keep_alive_grace_s=0)
        return Server(handle, limits=limits, check_head=check_head, error_response=dispatcher.error_response)

    def _sections(self) -> list[Section]:
        return masked(self._control.config())

    def _currency(self) -> Currency:
        usage = self._control.config().usage
        return Currency(usage.currency, usage.usd_rate)
