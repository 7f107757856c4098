"""Counts the instructions that a request and a chunk take in each lane, by callgrind, or the calls that Python makes.

Unlike times, these hardly differ from run to run, however busy the machine is. So instructions.json keeps them, for
each version of Python and each processor, and a test compares (tests/bench/test_instructions.py). Needs valgrind.

    .venv/bin/python bench/instructions.py                    # every lane, beside the figures that are kept
    .venv/bin/python bench/instructions.py relay translate    # some of them
    .venv/bin/python bench/instructions.py --calls            # Python's calls: quick, and without valgrind
    .venv/bin/python bench/instructions.py --plain            # without the accelerator
    .venv/bin/python bench/instructions.py --keep             # keep all of them as the figures of this Python
    .venv/bin/python bench/instructions.py --calls --keep     # keep the calls alone
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from statistics import median

from lanes import LANES, LEDGER, LIVE, LONG, MARK, SHORT
from live import STREAMS

from sealink.wire.stream.plain_reads import pass_on_in_c

HERE = Path(__file__).parent
KEPT = HERE / "instructions.json"

MAX_GROWTH = 0.03
"""By how much more than what is kept a figure may be."""

Figures = dict[str, dict[str, float]]
"""By lane: for each whole answer (`whole`), for each stream (`stream`) and each of its chunks (`chunk`); for each
stream and second of 50 chunks, while the page Live is open in five browsers (`open`) and in none (`closed`), and for a
stream that is `alone`.
Thousands of instructions, or calls."""

NAMES = (*LANES, LIVE, LEDGER)
OFF, ON = "relay", "relay observed"
"""The same requests without and with all that observes them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lanes", nargs="*", metavar="LANE", help=f"one of: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--calls", action="store_true", help="count Python's calls instead of instructions")
    parser.add_argument("--plain", action="store_true", help="without the accelerator (also where it was not built)")
    parser.add_argument("--keep", action="store_true", help=f"keep the figures in {KEPT.name}")
    options = parser.parse_args()
    if unknown := set(options.lanes) - set(NAMES):
        parser.error(f"no such lane: {', '.join(unknown)}")
    only_plain = options.plain or pass_on_in_c is None
    for plain in {only_plain, only_plain or options.keep}:
        for what in ("instructions", "calls"):
            if (options.keep and not options.calls) or options.calls == (what == "calls"):
                figures = count(what, options.lanes or NAMES, plain=plain)
                print(f"{what}, {this_python(plain=plain)}\n{table(figures, kept(what, plain=plain))}", flush=True)
                if LIVE in figures:
                    print("".join(f"  {line}\n" for line in watching(figures)), end="")
                print("".join(f"  {line}\n" for line in observing(figures)), end="", flush=True)
                if options.keep:
                    keep(what, figures, plain=plain)


def count(what: str, names: Iterable[str], *, plain: bool) -> Figures:
    """The figures of these lanes: "instructions" (thousands of them) or "calls". In one order: the first lane of a
    process takes a little more than it would later. `plain`: without the accelerator."""
    measure = _instructions if what == "instructions" else _calls
    counted: dict[tuple[str, str], list[float]] = {}
    for group in _groups(set(names)):
        counted |= measure(group, plain=plain)
    return figures_of(counted)


def _groups(names: Set[str]) -> list[list[str]]:
    """Each kind of SeaLink has a process of its own: in that of another, CPython would have adapted its bytecode to the
    streams of others by then, which takes a whole answer another 10 to 20 thousand instructions."""
    groups: dict[str, list[str]] = {}
    for name in NAMES:
        if name in names:
            groups.setdefault(LANES[name].besides if name in LANES else "nothing", []).append(name)
    return [*groups.values()]


def this_python(*, plain: bool) -> str:
    """Whose figures these are: they are comparable only if both the version and the processor are the same."""
    name = f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"
    return name if plain else f"{name} accelerated"


def kept(what: str, *, plain: bool) -> Figures:
    """The figures that are kept of this Python; none where there are none."""
    return dict(_everything_kept().get(this_python(plain=plain), {}).get(what, {}))


def every_kept() -> dict[str, Figures]:
    """The instructions that are kept, of each Python and processor."""
    return {python: kept["instructions"] for python, kept in _everything_kept().items() if "instructions" in kept}


def _everything_kept() -> dict[str, dict[str, Figures]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def keep(what: str, figures: Figures, *, plain: bool) -> None:
    """Keep these lanes' figures, and leave the others as they are."""
    everything = _everything_kept()
    everything.setdefault(this_python(plain=plain), {}).setdefault(what, {}).update(figures)
    KEPT.write_text(json.dumps(everything, indent=2, sort_keys=True) + "\n")


def grown(figures: Figures, before: Figures) -> list[str]:
    """What has grown by more than MAX_GROWTH, each as a line to print."""
    return [
        f"{lane}, {kind}: {now:g} instead of {before[lane][kind]:g}, {now / before[lane][kind] - 1:+.1%}"
        for lane, kinds in figures.items()
        for kind, now in kinds.items()
        if kind in before.get(lane, {}) and now > before[lane][kind] * (1 + MAX_GROWTH)
    ]


def watched(figures: Figures) -> dict[int, float]:
    """What five browsers that look at Live add to a chunk, as a part of it, by the number of open streams."""
    of = figures[LIVE]
    return {count: of[f"{name}open"] / of[f"{name}closed"] - 1 for name, count in STREAMS.items()}


def watching(figures: Figures) -> list[str]:
    """The same as lines to print."""
    return [f"Live open in five browsers, {count} streams: a chunk {of:+.1%}" for count, of in watched(figures).items()]


def observing(figures: Figures) -> list[str]:
    """What a log line as JSON and spans add, as lines to print; nothing unless both lanes are there."""
    if not {OFF, ON} <= figures.keys():
        return []
    off, on = _requests(figures[OFF]), _requests(figures[ON])
    return [f"{ON}: {name} {on[name] / off[name] - 1:+.1%}" for name in off]


def _requests(lane: Mapping[str, float]) -> dict[str, float]:
    """Of one lane: a whole answer, streams of LONG and of SHORT chunks, a chunk."""
    streams = {f"a stream of {count} chunks": lane["stream"] + count * lane["chunk"] for count in (SHORT, LONG)}
    return {"a whole answer": lane["whole"], **streams, "a chunk": lane["chunk"]}


def table(figures: Figures, before: Figures) -> str:
    """One line a lane, with what is kept in parentheses."""
    lines = []
    for lane, kinds in figures.items():
        cells = [_cell(kind, now, before.get(lane, {}).get(kind)) for kind, now in kinds.items()]
        lines.append(f"  {lane:24}" + "".join(f"{cell:32}" for cell in cells).rstrip())
    return "\n".join(lines)


def _cell(kind: str, now: float, before: float | None) -> str:
    return f"{kind} {now:g}" + ("" if before is None else f" ({before:g}, {now / before - 1:+.1%})")


def figures_of(counted: Mapping[tuple[str, str], Iterable[float]]) -> Figures:
    """Medians for each request; what chunks take is the difference between long and short streams."""
    figures: Figures = {}
    for lane in dict.fromkeys(lane for lane, _ in counted):
        each = {kind: median(counts) for (name, kind), counts in counted.items() if name == lane}
        if "long" in each:
            short, long = each.pop("short"), each.pop("long")
            each["chunk"] = (long - short) / (LONG - SHORT)
            each["stream"] = short - SHORT * each["chunk"]
        figures[lane] = {kind: round(figure, 1) for kind, figure in sorted(each.items())}
    return figures


def _instructions(names: Iterable[str], *, plain: bool) -> dict[tuple[str, str], list[float]]:
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name:
        out = Path(name) / "callgrind"
        command = [
            "valgrind",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--dump-before={MARK}",
            f"--callgrind-out-file={out}",
        ]
        measured = _run([*command, sys.executable, str(HERE / "lanes.py"), "instructions", *names], plain=plain)
        counted: dict[tuple[str, str], list[float]] = {}
        for index, (lane, kind, requests, _) in enumerate(measured):
            # Each mark ends a file, numbered from 1; every other one is a measurement.
            total = _total((out.parent / f"{out.name}.{2 * index + 2}").read_text())
            counted.setdefault((lane, kind), []).append(total / 1000 / requests)
    return counted


def _total(profile: str) -> int:
    found = re.search(r"^totals: (\d+)", profile, re.MULTILINE)
    assert found is not None
    return int(found[1])


def _calls(names: Iterable[str], *, plain: bool) -> dict[tuple[str, str], list[float]]:
    counted: dict[tuple[str, str], list[float]] = {}
    command = [sys.executable, str(HERE / "lanes.py"), "calls", *names]
    for lane, kind, requests, calls in _run(command, plain=plain):
        counted.setdefault((lane, kind), []).append(calls / requests)
    return {place: [min(each)] for place, each in counted.items()}  # the timers of a busy machine only add calls


def _run(command: list[str], *, plain: bool) -> list[tuple[str, str, int, int]]:
    """The measurements that lanes.py prints. The order of sets and dicts is the same in every run."""
    variables = {**os.environ, "PYTHONHASHSEED": "0", "SEALINK_ACCELERATOR": "off" if plain else "on"}
    run = subprocess.run(command, capture_output=True, text=True, env=variables)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return [tuple(measurement) for measurement in json.loads(run.stdout)]


if __name__ == "__main__":
    main()
