"""Measures SeaLink side by side with nginx on this machine. See README.md; `make bench` runs it."""

import argparse
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measure import Contender, Load
from programs import HERE, MODELS, build, nginx, nginx_program, sealink, upstreams
from report import Row, report

NAMES = ("nginx", "relay", "translate")
WARM_UP_S = 3
WHOLE_S = 3


def main() -> None:
    options = _options()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name:
        directory = Path(name)
        build(directory)
        load = Load(directory)
        with _started(directory, options.only, options.before) as contenders:
            rows = {contender.name: Row() for contender in contenders}
            _measure(load, contenders, rows, options.rounds, options.seconds)
        with _started(
            directory, options.only, options.before
        ) as contenders:  # afresh: memory once used is not given back
            _weigh(load, contenders, rows)
    text = report(rows, options.seconds, (load_before, os.getloadavg()[0]), options.before)
    print(text)
    if len(rows) > len(NAMES):
        (HERE / "RESULTS.md").write_text(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (default: 5)")
    parser.add_argument("--seconds", type=float, default=8, help="how long a measurement takes (default: 8)")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, help="measure only these; RESULTS.md is then left alone"
    )
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="measure the SeaLink in this checkout, too: how it was before"
    )
    return parser.parse_args()


@contextmanager
def _started(directory: Path, wanted: Collection[str], before: Path | None) -> Iterator[list[Contender]]:
    """The upstream itself, nginx if it is installed, and SeaLink in its two lanes, as it is and as it was."""
    versions = {"": HERE.parent} | ({" before": before.absolute()} if before else {})
    with ExitStack() as stack:
        ports = stack.enter_context(upstreams(directory))
        contenders = [Contender("direct", ports["openai"], None, MODELS["relay"])]
        if "nginx" in wanted and nginx_program():
            port, pid = stack.enter_context(nginx(directory, ports))
            contenders.append(Contender("nginx", port, pid, MODELS["relay"], slow_path="/slow/"))
        for suffix, checkout in versions.items() if {"relay", "translate"} & set(wanted) else ():
            port, pid = stack.enter_context(sealink(directory, ports, checkout))
            contenders += [Contender(name + suffix, port, pid, MODELS[name]) for name in NAMES[1:] if name in wanted]
        yield contenders


def _measure(load: Load, contenders: list[Contender], rows: dict[str, Row], rounds: int, seconds: float) -> None:
    """Streams first: thousands of small answers leave the ledger with work for seconds to come."""
    for contender in contenders:
        load.streams(contender, WARM_UP_S)
    for _ in range(rounds):
        for contender in contenders:
            rows[contender.name].streams.append(load.streams(contender, seconds))
    for _ in range(rounds):
        for contender in contenders[1:]:
            rows[contender.name].whole_per_s.append(load.whole_per_s(contender, WHOLE_S))


def _weigh(load: Load, contenders: list[Contender], rows: dict[str, Row]) -> None:
    for contender in contenders[1:]:
        if not contender.name.startswith("translate") or "relay" not in rows:  # the same process
            load.streams(contender, WARM_UP_S)
            rows[contender.name].bytes_per_stream = load.memory_per_stream(contender)


if __name__ == "__main__":
    main()
