"""What is measured of a server: CPU time for each chunk, delays, small answers per second, memory."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs import KEY, LOAD_CORE, pin_to

STREAMS_PER_S = 100
OPEN_STREAMS = 1000
CONNECTIONS = 32
SETTLING_S = 2


@dataclass(frozen=True)
class Contender:
    """Who is measured: where it listens, which model asks for which work. `pid` is None for the upstream itself."""

    name: str
    port: int
    pid: int | None
    model: str
    slow_model: str = "slow"
    slow_path: str = "/v1/chat/completions"


@dataclass(frozen=True)
class Streams:
    """One run of paced streams. CPU is user and system time of the server, for each chunk that arrived."""

    cpu_us: float
    ttft_us: tuple[int, int]
    transit_us: tuple[int, int]
    """p50 and p99."""


class Load:
    """The load generator, on its core."""

    def __init__(self, directory: Path) -> None:
        self._program = str(directory / "load")

    def streams(self, contender: Contender, seconds: float) -> Streams:
        """Open loop, STREAMS_PER_S new streams a second."""
        before = cpu_us(contender.pid)
        seen = self._run(contender, seconds, "stream", f"rate={STREAMS_PER_S}")
        spent = cpu_us(contender.pid) - before
        return Streams(
            cpu_us=spent / seen["seen_chunks"],
            ttft_us=(seen["ttft"][0], seen["ttft"][2]),
            transit_us=(seen["transit"][0], seen["transit"][2]),
        )

    def whole_per_s(self, contender: Contender, seconds: float) -> float:
        """Small JSON answers a second, closed loop."""
        return float(self._run(contender, seconds, "whole", f"conns={CONNECTIONS}")["requests_per_s"])

    def memory_per_stream(self, contender: Contender) -> float:
        """Bytes of resident memory that each of OPEN_STREAMS streams adds."""
        time.sleep(SETTLING_S)  # streams that the warm-up has left open are settled, for which the tokenizer is loaded
        before = rss_bytes(contender.pid)
        arguments = [contender.slow_path, "5", "stream", contender.slow_model, KEY, f"conns={OPEN_STREAMS}"]
        command = [self._program, str(contender.port), *arguments]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: pin_to(LOAD_CORE)):
            time.sleep(4)
            return (rss_bytes(contender.pid) - before) / OPEN_STREAMS

    def _run(self, contender: Contender, seconds: float, kind: str, load: str) -> dict[str, Any]:
        arguments = ["/v1/chat/completions", str(seconds), kind, contender.model, KEY, load]
        command = [self._program, str(contender.port), *arguments]
        run = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: pin_to(LOAD_CORE))
        seen = json.loads(run.stdout)
        if run.returncode or seen["errors"] or seen["unfinished"]:
            raise SystemExit(f"{contender.name}: {run.stdout}{run.stderr}")
        return dict(seen)


def cpu_us(pid: int | None) -> float:
    """User and system time that a process has taken, in microseconds."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int | None) -> int:
    if pid is None:
        return 0
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
