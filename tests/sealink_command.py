"""`sealink …` as a process of its own, at a tenth of what starting one takes: forked from one that has imported it.

A test run starts some hundreds of them, and nine tenths of a start are imports. What is to be shown of a start itself
(how long it takes, how it is installed) needs the program itself: SEALINK.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

import sealink_forks

SEALINK: Final = Path(sys.executable).with_name("sealink")
RUN_S: Final = 60.0
"""How long a command may take."""


class Command:
    """A running command, with the methods of subprocess.Popen that tests use."""

    def __init__(self, pid: int, told: socket.socket) -> None:
        self.pid, self.returncode, self._told = pid, None, told

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative where a signal ended it. Raises subprocess.TimeoutExpired."""
        if (status := self._status(timeout)) is None:
            raise subprocess.TimeoutExpired("sealink", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        """Its exit status, if it has ended by then. With poll(): select() takes no more than 1,024 files."""
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._told, select.POLLIN)
            if poll.poll(None if timeout is None else timeout * 1000):
                self.returncode = int(self._told.recv(20))
                self._told.close()
        return self.returncode


def start(
    arguments: Sequence[object], *, cwd: Path, env: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]
) -> "Command | subprocess.Popen[bytes]":
    """Start `sealink ARGUMENTS` with nothing to read. `env` is all of its environment: the program itself is started
    where that has Python import something else."""
    if "PYTHONPATH" in env:
        command = [SEALINK, *map(str, arguments)]
        return subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    order = {"arguments": [str(argument) for argument in arguments], "cwd": str(cwd), "env": dict(env)}
    here, there = socket.socketpair()
    with there, open(os.devnull, "rb") as nothing:
        files = [file.fileno() for file in (nothing, stdout, stderr, there)]
        socket.send_fds(_forks(), [json.dumps(order).encode()], files)
    with here.makefile("rb", buffering=0) as told:
        return Command(int(told.readline()), here)


def run(
    arguments: Sequence[object],
    *,
    cwd: Path,
    env: Mapping[str, str] = os.environ,
    check: bool = False,
    timeout: float = RUN_S,
) -> subprocess.CompletedProcess[str]:
    """`sealink ARGUMENTS` to its end, and what it has printed. `check` as in subprocess.run."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        command = start(arguments, cwd=cwd, env=env, stdout=stdout, stderr=stderr)
        try:
            code = command.wait(timeout)
        finally:
            command.kill()
        done = subprocess.CompletedProcess(list(arguments), code, _text(stdout), _text(stderr))
    if check:
        done.check_returncode()
    return done


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _forks() -> socket.socket:
    """The socket that takes orders: one process for all commands of this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        process = subprocess.Popen([sys.executable, sealink_forks.__file__], stdin=there)
    atexit.register(process.wait)
    atexit.register(here.close)
    return here
