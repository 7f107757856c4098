"""The process that `sealink_command` forks its commands from: it has imported all of SeaLink, and runs none of it.

An order is a JSON object (arguments, cwd, env) on the socket that is this process's standard input, with four
descriptors: the command's stdin, stdout and stderr, and a socket that is told its pid and, when it has ended, its
status as `os.waitstatus_to_exitcode` has it. That socket is held by a process between, the command's parent, so that
none of them needs threads.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

MAX_ORDER_BYTES = 1 << 20
IMPORTED_LATE = ("alembic.command", "alembic.config")
"""What SeaLink imports no sooner than a store has to be migrated, which that of nearly every test has."""


def import_all() -> None:
    """Import every module of SeaLink but those that do something when they are imported."""
    import sealink

    gc.disable()  # all of it stays

    for module in pkgutil.walk_packages(sealink.__path__, "sealink."):
        if "__main__" not in module.name and ".versions" not in module.name and "migrations.env" not in module.name:
            importlib.import_module(module.name)
    for name in IMPORTED_LATE:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()


def take_orders(orders: socket.socket) -> None:
    """Returns in each process that is to become a command; ends this one when nobody can order any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those between are waited for by the kernel
    while True:
        data, files, _, _ = socket.recv_fds(orders, MAX_ORDER_BYTES, 4)
        if not data:
            sys.exit()
        if not os.fork():
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            stand_between(json.loads(data), files)
            return
        for file in files:
            os.close(file)


def stand_between(order: dict[str, Any], files: list[int]) -> None:
    """Returns in the command's process, and tells from this one how it ends."""
    *standard, told = files
    if pid := os.fork():
        for file in standard:
            os.close(file)
        os.write(told, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(told)
    become(order, standard)


def become(order: dict[str, Any], standard: list[int]) -> None:
    """Take over arguments, folder, environment and standard files, as if this process had been started with them."""
    for number, file in enumerate(standard):
        os.dup2(file, number)
    for file in standard:
        if file > 2:
            os.close(file)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["sealink", *order["arguments"]]
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])


def run_to_its_end(main: Callable[[], None]) -> NoReturn:
    """As Python ends a program, but that what was imported is not taken apart, as multiprocessing ends what it forks:
    that takes longer than most commands."""
    status: object = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code
    if not isinstance(status, int | None):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


if __name__ == "__main__":
    import_all()
    take_orders(socket.socket(fileno=0))
    from sealink.cli.main import main

    run_to_its_end(main)
