"""A service of systemd: sockets that it has opened (sd_listen_fds(3)), and what it is told (sd_notify(3))."""

import asyncio
import logging
import os
import socket
import time
from typing import Final

from sealink.app.listening.sockets import Sockets
from sealink.config.environment import ServiceVariables, service_variables

log = logging.getLogger("sealink.systemd")

_FIRST_FD: Final = 3
ADMIN: Final = "admin"
"""The `FileDescriptorName=` of a socket that is for the admin port; all others are for the public port."""

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


class NotASocket(Exception):
    """What systemd hands over is nothing to listen on."""


def given_sockets(variables: ServiceVariables | None = None) -> Sockets | None:
    """The sockets that systemd has opened for this process; None if there are none. Raises NotASocket."""
    given = variables or service_variables()
    if given.listen_pid != str(os.getpid()) or not given.listen_fds:
        return None
    names = dict(enumerate(given.listen_fd_names.split(":"), _FIRST_FD))
    public: list[socket.socket] = []
    admin: list[socket.socket] = []
    for fd in range(_FIRST_FD, _FIRST_FD + given.listen_fds):
        (admin if names.get(fd) == ADMIN else public).append(_listening(fd))
    return Sockets(public, admin, for_all=True)


def _listening(fd: int) -> socket.socket:
    try:
        given = socket.socket(fileno=fd)
        os.set_inheritable(fd, False)
        listens = given.type == socket.SOCK_STREAM and given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise NotASocket(f"file descriptor {fd} of systemd is no socket: {error.strerror}") from error
    if not listens:
        raise NotASocket(f"file descriptor {fd} of systemd does not listen: use ListenStream=, without Accept=yes")
    return given


def notify(state: str, variables: ServiceVariables | None = None) -> None:
    """Tell systemd, if it has started this process and wants to know."""
    address = (variables or service_variables()).notify_socket
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.setblocking(False)  # were systemd stuck, this process would be too
            told.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            told.send(state.encode())
    except OSError as error:
        log.warning("systemd is not told %s: %s", state.partition("\n")[0], error.strerror)


def notify_reloading() -> None:
    """The config is being read again; READY says when that is done."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_pause_s(variables: ServiceVariables | None = None) -> float | None:
    """How often systemd's watchdog is to hear of this process; None where nobody watches."""
    given = variables or service_variables()
    if given.watchdog_usec <= 0 or given.watchdog_pid not in ("", str(os.getpid())):
        return None
    return given.watchdog_usec / 2e6  # half of the limit, as sd_watchdog_enabled(3) recommends


async def keep_alive() -> None:
    """Tell the watchdog again and again that this process's event loop runs."""
    pause_s = watchdog_pause_s()
    while pause_s is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(pause_s)
