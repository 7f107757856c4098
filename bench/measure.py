"""What is measured of a server: CPU time for each chunk, delays, small answers per second, memory."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from programs import KEY, LOAD_CORE, prepare
from scenarios import (
    CHUNKS_PER_S,
    CONNECTIONS,
    FEW_STREAMS,
    HOLD_S,
    MANY_STREAMS,
    PATHS,
    RAMP_S,
    RAMP_STREAMS,
    SHORT_STREAMS_PER_S,
    STREAMS_PER_S,
    Lane,
)

SETTLING_S = 2
BUSY = 0.9
"""A core that is busier than this is a bottleneck."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """Who is measured: where it listens and its processes' ids, none for the upstream itself.

    `root` stands before the path, where another root leads to each upstream; `models` are the names to ask for, where
    they are others than the upstreams'.
    """

    name: str
    port: int
    pids: tuple[int, ...] = ()
    key: str = KEY
    roots: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Streams:
    """One run of paced streams. CPU is user and system time of the server, for each chunk that arrived.

    `load_bound`: the load generator or the upstream had no time left, so that the server may be better than this.
    """

    cpu_us: float
    ttft_us: tuple[int, int]
    transit_us: tuple[int, int]
    """p50 and p99."""
    load_bound: bool


@dataclass(frozen=True)
class Rate:
    """Answers a second, and the server's CPU time for each in microseconds."""

    per_s: float
    cpu_us: float
    load_bound: bool


@dataclass(frozen=True)
class Ramp:
    """Many streams that are opened in a short time and held: how many failed, and the longest that a token was under
    way, in milliseconds."""

    failed: int
    opened: int
    worst_stall_ms: float


class Load:
    """The load generator, on its core beside the upstreams, whose process ids are `upstreams`."""

    def __init__(self, directory: Path, upstreams: Sequence[int]) -> None:
        self._program = str(directory / "load")
        self._upstreams = tuple(upstreams)

    def streams(self, server: Server, lane: Lane, seconds: float) -> Streams:
        """Open loop, STREAMS_PER_S new streams a second."""
        return self._paced(server, lane, seconds, STREAMS_PER_S)

    def short_streams(self, server: Server, seconds: float) -> Streams:
        """Open loop, SHORT_STREAMS_PER_S new streams of ten chunks a second."""
        return self._paced(server, Lane("chat", "short"), seconds, SHORT_STREAMS_PER_S)

    def whole(self, server: Server, lane: Lane, seconds: float, *, pinned: bool = True) -> Rate:
        """Small JSON answers, closed loop on CONNECTIONS connections."""
        before = cpu_us(server.pids)
        seen, busy = self._run(server, lane, seconds, "whole", f"conns={CONNECTIONS}", pinned=pinned)
        return Rate(seen["requests_per_s"], (cpu_us(server.pids) - before) / seen["done"], busy)

    def resting_bytes(self, server: Server) -> int:
        """Its resident memory, once what the warm-up has left open is settled."""
        time.sleep(SETTLING_S)
        return rss_bytes(server.pids)

    def open_streams(self, server: Server, streams: int, seconds: float) -> tuple[float, float]:
        """CPU time for each chunk in microseconds, and the resident bytes that each stream adds, with as many open.

        Few streams are faster than many, so that CHUNKS_PER_S arrive in either case.
        """
        resting = self.resting_bytes(server)
        lane = Lane("chat", "few" if streams == FEW_STREAMS else "open")
        opening = [f"max={streams}", f"rate={min(streams, 1000)}"]
        command = self._command(server, lane, seconds + 2 * MANY_STREAMS / 1000, "stream", *opening)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: prepare(LOAD_CORE)):
            time.sleep(2 + streams / 1000)
            before, began_at = cpu_us(server.pids), time.monotonic()
            weight = (rss_bytes(server.pids) - resting) / streams
            time.sleep(seconds)
            spent_us = cpu_us(server.pids) - before
            return spent_us / (CHUNKS_PER_S * (time.monotonic() - began_at)), weight

    def ramp(self, server: Server) -> Ramp:
        """RAMP_STREAMS streams opened within RAMP_S seconds, and held for HOLD_S."""
        rate = f"rate={RAMP_STREAMS // RAMP_S}"
        command = self._command(server, Lane("chat", "open"), RAMP_S + HOLD_S, "stream", f"max={RAMP_STREAMS}", rate)
        run = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: prepare(LOAD_CORE))
        seen = json.loads(run.stdout)
        failed = seen["errors"] + seen["unfinished"]
        return Ramp(failed, seen["asked"], seen["transit"][3] / 1000)

    def _paced(self, server: Server, lane: Lane, seconds: float, rate: int) -> Streams:
        before = cpu_us(server.pids)
        seen, busy = self._run(server, lane, seconds, "stream", f"rate={rate}")
        return Streams(
            cpu_us=(cpu_us(server.pids) - before) / seen["seen_chunks"],
            ttft_us=(seen["ttft"][0], seen["ttft"][2]),
            transit_us=(seen["transit"][0], seen["transit"][2]),
            load_bound=busy,
        )

    def _run(
        self, server: Server, lane: Lane, seconds: float, kind: str, load: str, *, pinned: bool = True
    ) -> tuple[dict[str, Any], bool]:
        """What the load generator saw, and whether it or the upstreams were the bottleneck."""
        before, began_at = cpu_us(self._upstreams) + _children_us(), time.monotonic()
        core = LOAD_CORE if pinned else None
        run = subprocess.run(
            self._command(server, lane, seconds, kind, load),
            capture_output=True,
            text=True,
            preexec_fn=lambda: prepare(core),
        )
        spent_us = cpu_us(self._upstreams) + _children_us() - before
        seen = json.loads(run.stdout)
        if run.returncode or seen["errors"] or seen["unfinished"]:
            raise SystemExit(f"{server.name}, {lane.name}: {run.stdout}{run.stderr}")
        return dict(seen), spent_us > BUSY * 1e6 * (time.monotonic() - began_at)

    def _command(self, server: Server, lane: Lane, seconds: float, kind: str, *load: str) -> list[str]:
        path = server.roots.get(lane.upstream, "") + PATHS[lane.api]
        model = server.models.get(lane.upstream, lane.upstream)
        arguments = [str(server.port), path, str(seconds), kind, model, server.key, *load, f"api={lane.api}"]
        return [self._program, *arguments]


def cpu_us(pids: Sequence[int]) -> float:
    """User and system time that processes have taken, in microseconds."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum((int(fields[11]) + int(fields[12])) * 1e6 / _TICKS_PER_S for fields in stats)


def rss_bytes(pids: Sequence[int]) -> int:
    """The resident memory of processes."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES for pid in pids)


def _children_us() -> float:
    """The time of load generators that have ended."""
    spent = os.times()
    return (spent.children_user + spent.children_system) * 1e6
