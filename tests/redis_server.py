"""A Redis server for the tests: on a free port of the loopback, with a data folder of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import redis

from acceptance.sealink_process import free_port
from outside import program
from waiting import until

START_S: Final = 20.0
DURABLE: Final = ("--appendonly", "yes", "--save", "", "--appendfsync", "always")


class RedisServer:
    """It can be stopped and started again, with its data or without."""

    def __init__(self, options: Sequence[str] = DURABLE) -> None:
        self._options = options
        self._program = program("redis-server")
        self._folder = Path(tempfile.mkdtemp(prefix="sealink-redis-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        own = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--loglevel", "warning"]
        command = [self._program, *self._options, *own]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, lambda: "Redis did not start", within_s=START_S)

    def kill(self) -> None:
        """SIGKILL. What was written is on its disk."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def lose_data(self) -> None:
        """Start without anything. It was killed before."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def client(self) -> "redis.Redis":
        """A client of its own, which the caller closes."""
        return redis.Redis.from_url(self.url)

    def clear(self) -> None:
        """Delete all data."""
        with self.client() as client:
            client.flushall()

    def remove(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
