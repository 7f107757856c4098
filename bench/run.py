"""Measures SeaLink side by side with nginx on this machine. See README.md; `make bench` runs it."""

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from measure import Contender, Load
from programs import HERE, MODELS, build, nginx, nginx_program, sealink, upstreams
from report import Row, report

NAMES = ("nginx", "relay", "translate")
WARM_UP_S = 3
WHOLE_S = 3


def main() -> None:
    options = _options()
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        build(directory)
        contenders = _start(stack, directory, set(options.only))
        rows = _measure(Load(directory), contenders, options.rounds, options.seconds)
    text = report(rows, options.seconds, load_average)
    print(text)
    if len(contenders) == len(NAMES) + 1:
        (HERE / "RESULTS.md").write_text(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (default: 5)")
    parser.add_argument("--seconds", type=float, default=8, help="how long a measurement takes (default: 8)")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, help="measure only these; RESULTS.md is then left alone"
    )
    return parser.parse_args()


def _start(stack: ExitStack, directory: Path, wanted: set[str]) -> list[Contender]:
    """The upstream itself, nginx if it is installed, and SeaLink in its two lanes."""
    ports = stack.enter_context(upstreams(directory))
    contenders = [Contender("direct", ports["openai"], None, MODELS["relay"])]
    if "nginx" in wanted and nginx_program():
        contenders.append(
            Contender("nginx", *stack.enter_context(nginx(directory, ports)), MODELS["relay"], slow_path="/slow/")
        )
    if wanted & {"relay", "translate"}:
        port, pid = stack.enter_context(sealink(directory, ports))
        contenders += [Contender(name, port, pid, MODELS[name]) for name in NAMES[1:] if name in wanted]
    return contenders


def _measure(load: Load, contenders: list[Contender], rounds: int, seconds: float) -> dict[str, Row]:
    rows = {contender.name: Row() for contender in contenders}
    servers = [contender for contender in contenders if contender.pid]
    for contender in contenders:
        load.streams(contender, WARM_UP_S)
    for _ in range(rounds):
        for contender in contenders:
            rows[contender.name].streams.append(load.streams(contender, seconds))
        for contender in servers:
            rows[contender.name].whole_per_s.append(load.whole_per_s(contender, WHOLE_S))
    for contender in servers:
        if contender.name != "translate":  # the same process as relay
            rows[contender.name].bytes_per_stream = load.memory_per_stream(contender)
    return rows


if __name__ == "__main__":
    main()
