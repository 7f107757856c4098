"""Measurements as tables, with the machine and the versions they hold for."""

import argparse
import os
import platform
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from instructions import Figures, every_kept
from measure import Ramp, Rate, Streams
from programs import HERE, nginx_program
from scenarios import (
    CONNECTIONS,
    FEW_STREAMS,
    HOLD_S,
    MANY_STREAMS,
    RAMP_S,
    RAMP_STREAMS,
    RELAY,
    SHORT_STREAMS_PER_S,
    STREAMS_PER_S,
    Lane,
)

NGINX = "nginx"
COUNTED_LANES = ("relay", "translate")
KINDS = ("whole", "stream", "chunk")


@dataclass
class Results:
    """All rounds of all servers, by the server's name. `open`: CPU in microseconds for each chunk, bytes a stream."""

    parts: Sequence[str]
    direct: list[Streams] = field(default_factory=list)
    streams: dict[tuple[str, Lane], list[Streams]] = field(default_factory=lambda: defaultdict(list))
    short: dict[str, list[Streams]] = field(default_factory=lambda: defaultdict(list))
    whole: dict[tuple[str, Lane], list[Rate]] = field(default_factory=lambda: defaultdict(list))
    open: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    at_rest: dict[str, float] = field(default_factory=dict)
    ramp: dict[str, Ramp] = field(default_factory=dict)
    workers: dict[int, list[Rate]] = field(default_factory=lambda: defaultdict(list))


def report(results: Results, options: argparse.Namespace, load_averages: tuple[float, float]) -> str:
    """The tables as Markdown."""
    about = [_about(*load_averages)]
    if options.before:
        about.append(f"*SeaLink before* is {_commit(options.before)}.")
    if options.peer:
        about.append(
            f"*{options.peer.partition('=')[0]}* is another gateway; what it was given to do is not known here."
        )
    return (
        f"# Measured on {datetime.now(UTC):%Y-%m-%d}\n\n" + "\n".join(about) + "\n\n"
        "One core for the server, one for load and upstream; keys, metering, ledger, timers and heartbeats on. Median\n"
        f"(least to most) of {options.rounds} interleaved rounds of {options.seconds:g} s, the ratio to nginx taken"
        " within each round;\nno ratio where load or upstream was the bottleneck.\n"
    ) + "\n".join(["", *(TABLES[part](results) for part in results.parts), _instructions(every_kept())])


def _streams(results: Results) -> str:
    rows = [
        (
            title(server, lane),
            *_cpu(runs, results.streams.get((NGINX, RELAY))),
            _added_ttft(runs, results.direct),
            _transit(runs),
        )
        for (server, lane), runs in results.streams.items()
    ]
    what = f"## Streams: {STREAMS_PER_S} new ones a second, 100 chunks each, one every 20 ms\n"
    names = ("", "CPU per chunk, µs", "ratio to nginx", "added TTFT, ms: p50, p99", "token latency, µs: p50, p99")
    return _table(what, names, rows)


def _short(results: Results) -> str:
    rows = [(name, *_cpu(runs, results.short.get(NGINX))) for name, runs in results.short.items()]
    what = f"## Short streams: {SHORT_STREAMS_PER_S} new ones a second, 10 chunks each\n"
    return _table(what, ("", "CPU per chunk, µs", "ratio to nginx"), rows)


def _whole(results: Results) -> str:
    rows = [
        (
            title(server, lane),
            *_rates(runs),
        )
        for (server, lane), runs in results.whole.items()
    ]
    what = f"## Small JSON answers, on {CONNECTIONS} connections\n"
    return _table(what, ("", "answers/s", "CPU per answer, µs"), rows)


def _open(results: Results) -> str:
    rows = [
        (name, f"{results.open[name, FEW_STREAMS][0]:.1f}", f"{results.open[name, MANY_STREAMS][0]:.1f}",
         f"{results.open[name, MANY_STREAMS][0] / results.open[name, FEW_STREAMS][0]:.2f}",
         f"{results.open[name, MANY_STREAMS][1] / 1024:.1f}", f"{at_rest / 2**20:.0f}")
        for name, at_rest in results.at_rest.items()
    ]  # fmt: skip
    few, many = f"CPU per chunk, µs: {FEW_STREAMS} open", f"{MANY_STREAMS:,} open"
    return _table("## Open streams\n", ("", few, many, "growth", "KiB per stream", "MiB at rest"), rows)


def _ramp(results: Results) -> str:
    rows = [
        (name, f"{ramp.opened:,}", f"{ramp.failed:,}", f"{ramp.worst_stall_ms:,.0f}")
        for name, ramp in results.ramp.items()
    ]
    what = f"## Ramp: {RAMP_STREAMS:,} streams opened in {RAMP_S} s, held for {HOLD_S} s, a chunk a second each\n"
    return _table(what, ("", "opened", "failed", "longest that a token was under way, ms"), rows)


def _workers(results: Results) -> str:
    rows = [(f"--workers {workers}", *_rates(runs)) for workers, runs in results.workers.items()]
    one, two = results.workers[1], results.workers[2]
    growth = _spread([more.per_s / less.per_s for less, more in zip(one, two, strict=True)], ".2f")
    what = "## Workers: small answers, on two cores that load and upstream use as well\n"
    return (
        _table(what, ("", "answers/s", "CPU per answer, µs"), rows) + f"\nTwo workers answer {growth} times as many.\n"
    )


def _instructions(kept: dict[str, Figures]) -> str:
    """What is kept of each Python; those of a stream are without its chunks."""
    rows = [
        (python, *(f"{figures[lane][kind]:,.1f}" for lane in COUNTED_LANES for kind in KINDS))
        for python, figures in kept.items()
    ]
    names = ("", *(f"{lane}: {kind}" for lane in COUNTED_LANES for kind in KINDS))
    return _table("## Thousands of instructions, by callgrind (instructions.py, kept there)\n", names, rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "lanes": _streams,
    "short": _short,
    "whole": _whole,
    "open": _open,
    "ramp": _ramp,
    "workers": _workers,
}


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([title, *_lines([names, ["---"] * len(names), *rows])]) + "\n"


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(row)} |"


def title(server: str, lane: Lane) -> str:
    return server if server == NGINX else f"{server}, {lane.name}"


def _spread(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})" if values else ""


def _rates(runs: Sequence[Rate]) -> tuple[str, str]:
    at_least = "at least " if any(run.load_bound for run in runs) else ""
    return at_least + _spread([run.per_s for run in runs], ",.0f"), _spread([run.cpu_us for run in runs], ",.0f")


def _cpu(runs: Sequence[Streams], nginx: Sequence[Streams] | None) -> tuple[str, str]:
    return _spread([run.cpu_us for run in runs], ".1f"), _ratio(runs, nginx)


def _ratio(runs: Sequence[Streams], nginx: Sequence[Streams] | None) -> str:
    if nginx is None or any(run.load_bound for run in (*runs, *nginx)):
        return ""
    return _spread([ours.cpu_us / its.cpu_us for ours, its in zip(runs, nginx, strict=True)], ".2f")


def _added_ttft(runs: Sequence[Streams], direct: Sequence[Streams]) -> str:
    added = [median(ours.ttft_us[i] - its.ttft_us[i] for ours, its in zip(runs, direct, strict=True)) for i in (0, 1)]
    return ", ".join(f"{us / 1000:.2f}" for us in added)


def _transit(runs: Sequence[Streams]) -> str:
    return ", ".join(f"{median(run.transit_us[i] for run in runs):,.0f}" for i in (0, 1))


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
