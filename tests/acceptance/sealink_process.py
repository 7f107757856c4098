"""A real `sealink serve` on loopback, as a user would start it, and what the kernel knows about it."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

import sealink_command

KEY = "sk-sealink-for-the-tests"
START_S, STOP_S = 20, 20
PORTS, PARTS = range(10_000, 32_768), 16


class SealinkProcess:
    """`with SealinkProcess(config, folder) as sealink:` … it is up. On leaving, SIGTERM must end it cleanly.

    Without a config it finds no provider in its environment, and no key but KEY, unless there are `variables`.
    """

    def __init__(
        self,
        config: str | None,
        folder: Path,
        variables: Mapping[str, str] = {},
        command: Sequence[str] = ("serve",),
        admin_port: int = 0,
    ) -> None:
        self._variables, self._command = variables, command
        self.port, self.admin_port, self.folder = free_port(), admin_port, folder
        self.url = f"http://127.0.0.1:{self.port}"
        self._is_told_to_stop = False
        self._must_end_with = 0
        self._options = ["--port", str(self.port)]
        if command[0] == "serve":
            self._options += ["--admin-port", str(self.admin_port)]
        if config is not None:
            (folder / "sealink.toml").write_text(config)
            self._options += ["--config", "sealink.toml"]

    def __enter__(self) -> Self:
        self._log = (self.folder / "sealink.log").open("wb")
        self._process = sealink_command.start(
            [*self._command, *self._options],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "SEALINK_API_KEY": KEY, **self._variables},
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait_until_up()
        except BaseException:
            self._process.kill()
            self._process.wait()
            self._log.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._log.close()
        assert code == self._must_end_with, f"sealink ended with {code}:\n{self.log[-2000:]}"
        assert "Traceback" not in self.log, self.log[-4000:]

    def terminate(self) -> None:
        """SIGTERM, once."""
        if not self._is_told_to_stop:
            self._is_told_to_stop = True
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Until it has ended."""
        self._process.wait(STOP_S)

    def kill(self) -> None:
        """SIGKILL. It is dead when this returns."""
        self._must_end_with = -signal.SIGKILL
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "sealink.log").read_text(errors="replace")

    @property
    def is_up(self) -> bool:
        try:
            with urlopen(f"{self.url}/health/live", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    @property
    def rss_bytes(self) -> int:
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/task"))

    @property
    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def sockets(self) -> set[str]:
        """The inodes of its sockets, as /proc/net/tcp names them."""
        found = set()
        for fd in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                target = os.readlink(fd)
            except FileNotFoundError:  # closed since it was listed
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
        return found

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_S
        while not self.is_up:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sealink did not come up:\n{self.log}")
            time.sleep(0.05)


def simulated(model: str = "m", provider: str = "sim", *, ttft_s: float = 0, tokens_per_s: float = 0) -> str:
    """The tables of a model and its simulated provider, which answers at once unless it is told otherwise."""
    return f"""
[[providers]]
name = "{provider}"
dialect = "sim"
ttft_s = {ttft_s}
tokens_per_s = {tokens_per_s}
[[models]]
id = "{model}"
targets = [{{ provider = "{provider}", model = "sealink/sim" }}]
"""


def free_port() -> int:
    """A port that nobody listens on, for a program that must be told one. It is none that the system gives to whoever
    asks for any, which a connection of another test may have a moment later; each process of tests has its own part."""
    part = PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PARTS :: PARTS]
    while True:
        port = random.choice(part)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
