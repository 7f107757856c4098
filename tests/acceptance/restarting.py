"""SeaLinks that follow one another at one address, and clients that ask all the while."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from acceptance.sealink_process import simulated

SECRET: Final = "sk-for-the-restarts"
PATIENCE_S: Final = 90.0
SEALINK: Final = Path(sys.executable).with_name("sealink")
_LAUNCHER: Final = """
import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
for number, fd in enumerate([os.dup(fd) for fd in fds], 3):
    os.dup2(fd, number)
    os.set_inheritable(number, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Starts a program as systemd starts one whose sockets it has opened: they are its file descriptors from 3 on."""


def config_of(port: int, admin: int, more: str = "") -> str:
    """The sealink.toml of a SeaLink with these ports and a key that may have one stream."""
    return f"""
[admin]
port = {admin}
[server]
port = {port}
{simulated()}
{more}
[[keys]]
name = "dev"
key = "{SECRET}"
concurrent_streams = 1
"""


class Running:
    """A `sealink serve`, which listens when this is made."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        given: Mapping[str, socket.socket] | None = None,
        variables: Mapping[str, str] = {},
        within: Sequence[str] = (),
    ) -> None:
        """`given` are sockets by the names that systemd would give them; `within` is a program that starts it."""
        command = [*within, str(SEALINK), "serve", "--config", "sealink.toml", *options]
        fds = [each.fileno() for each in (given or {}).values()]
        if given:
            command = [sys.executable, "-c", _LAUNCHER, ",".join(map(str, fds)), ":".join(given), *command]
        self.log = folder / f"{len(list(folder.glob('*.log')))}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), "SEALINK_ADMIN_TOKEN": "t", **variables},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=fds,
            )
        assert self.process.stdout is not None
        self.greeting = [self.process.stdout.readline() for _ in range(3)]
        assert all(self.greeting), self.log.read_text()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> None:
        """It must end well, by itself or since it was told to."""
        try:
            assert self.process.wait(PATIENCE_S) == 0, self.log.read_text()
        finally:
            self.kill()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()

    def kill(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


class Asking:
    """Requests at an even pace, over connections that are kept open and over new ones in turn."""

    def __init__(self, port: int, per_s: float) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port, self._pause_s = port, 1 / per_s
        self._kept: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def while_(self, restart: Callable[[], None]) -> None:
        """Ask until `restart`, in a thread, has returned and all is answered."""
        restarting = asyncio.ensure_future(asyncio.to_thread(restart))
        asked: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not restarting.done():
            asked.append(asyncio.create_task(self._ask(keeps=bool(len(asked) % 2))))
            due += self._pause_s
            await asyncio.sleep(max(0.0, due - loop.time()))
        await restarting
        await asyncio.gather(*asked)
        for _, writer in self._kept:
            writer.close()

    async def _ask(self, *, keeps: bool) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.outcomes[await self._status(keeps=keeps)] += 1
        except (OSError, EOFError, TimeoutError) as error:
            self.outcomes[f"{'kept' if keeps else 'new'}: {error!r}"] += 1

    async def _status(self, *, keeps: bool) -> str:
        reader, writer = await self._connection(keeps=keeps)
        body = json.dumps({"model": "m", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n"
        head += "" if keeps else "connection: close\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(answer.partition("content-length: ")[2].partition("\r\n")[0]))
        if keeps and "\r\nconnection: close\r\n" not in answer:
            self._kept.append((reader, writer))
        else:
            writer.close()
        return answer.split()[1]

    async def _connection(self, *, keeps: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while keeps and self._kept:
            reader, writer = self._kept.pop(0)
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)
