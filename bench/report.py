"""Measurements as a table, with the machine and the versions they hold for."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from measure import CONNECTIONS, OPEN_STREAMS, STREAMS_PER_S, Streams
from programs import CHUNKS, HERE, INTERVAL_US, nginx_program

HEAD = """\
| | CPU per chunk, µs | ratio to nginx | added TTFT, ms: p50, p99 | token latency, µs: p50, p99 | small JSON answers/s | memory per stream |
|---|---|---|---|---|---|---|
"""  # noqa: E501


@dataclass
class Row:
    """All rounds of one contender."""

    streams: list[Streams] = field(default_factory=list)
    whole_per_s: list[float] = field(default_factory=list)
    bytes_per_stream: float | None = None


def report(rows: dict[str, Row], seconds: float, load_averages: tuple[float, float], before: Path | None) -> str:
    """The table as Markdown. `before` is the checkout of an older SeaLink that was measured, too."""
    rounds = len(next(iter(rows.values())).streams)
    older = f"*before* is SeaLink as of {_commit(before)}.\n" if before else ""
    lines = [_line(name, row, rows) for name, row in rows.items() if name != "direct"]
    return (
        f"# Measured on {datetime.now(UTC):%Y-%m-%d}\n\n{_about(*load_averages)}\n\n"
        f"{STREAMS_PER_S} new streams a second, {CHUNKS} chunks each, one every {INTERVAL_US / 1000:g} ms; one core for"
        " the server, one for load and upstream.\n"
        f"Median (least to most) of {rounds} interleaved rounds of {seconds:g} s, the ratio taken within each round.\n"
        f"Small answers: {CONNECTIONS} connections. Memory: {OPEN_STREAMS} open streams.\n{older}\n{HEAD}"
        + "".join(lines)
    )


def _line(name: str, row: Row, rows: dict[str, Row]) -> str:
    memory = "" if row.bytes_per_stream is None else f"{row.bytes_per_stream / 1024:.1f} KiB"
    return (
        f"| {name} | {_spread([run.cpu_us for run in row.streams], '.1f')} | {_ratio(row, rows.get('nginx'))}"
        f" | {_added_ttft(row, rows['direct'])} | {_transit(row)} | {_spread(row.whole_per_s, ',.0f')} | {memory} |\n"
    )


def _spread(values: list[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})" if values else ""


def _ratio(row: Row, nginx: Row | None) -> str:
    if nginx is None:
        return ""
    return _spread([ours.cpu_us / its.cpu_us for ours, its in zip(row.streams, nginx.streams, strict=True)], ".2f")


def _added_ttft(row: Row, direct: Row) -> str:
    added = [
        median(ours.ttft_us[i] - its.ttft_us[i] for ours, its in zip(row.streams, direct.streams, strict=True))
        for i in (0, 1)
    ]
    return ", ".join(f"{us / 1000:.2f}" for us in added)


def _transit(row: Row) -> str:
    return ", ".join(f"{median(run.transit_us[i] for run in row.streams):,.0f}" for i in (0, 1))


def _about(load_before: float, load_after: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("uvloop", "httptools", "msgspec"))
    machine = f"{_cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    loads = f"load average {load_before:.2f} before, {load_after:.2f} after, of which the bench makes about 1"
    sealink = f"SeaLink {version('sealink')} ({_commit(HERE)}) on Python {platform.python_version()}"
    return f"{machine}; {loads}.\n{sealink}, {packages}; {_nginx_version()}."


def _cpu_model() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _commit(checkout: Path) -> str:
    command = ["git", "log", "-1", "--format=%h of %cs"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True).stdout.strip() or "no git"


def _nginx_version() -> str:
    program = nginx_program()
    if program is None:
        return "no nginx"
    return (
        subprocess.run([program, "-v"], capture_output=True, text=True).stderr.strip().removeprefix("nginx version: ")
    )
