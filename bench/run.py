"""Measures SeaLink beside nginx and any other gateway on this machine. See README.md; `make bench` runs it."""

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from chart import chart
from measure import Load, Server
from programs import HERE, build, nginx, nginx_program, sealink, upstreams
from report import Results, report
from scenarios import FEW_STREAMS, LANES, MANY_STREAMS, RELAY, TRANSLATE, UPSTREAMS, Lane

PARTS = ("lanes", "short", "whole", "open", "ramp", "workers")
WARM_UP_S = 3
WHOLE_S = 3
OPEN_S = 10


def main() -> None:
    options = _options()
    load_before = os.getloadavg()[0]
    results = Results(parts=options.only)
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name:
        directory = Path(name)
        build(directory)
        with upstreams(directory) as found:
            ports = {name: port for name, (port, _) in found.items()}
            load = Load(directory, [pid for _, pid in found.values()])
            for part in options.only:
                PART[part](load, directory, ports, options, results)
    text = report(results, options, (load_before, os.getloadavg()[0]))
    print(text)
    if options.only == PARTS:
        (HERE / "RESULTS.md").write_text(text)
        (HERE / "results.svg").write_text(chart(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=4, help="how often each is measured, in turn (default: 4)")
    add("--seconds", type=float, default=6, help="how long a measurement takes (default: 6)")
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="measure only these; RESULTS.md is then left alone")
    add("--before", type=Path, metavar="DIR", help="measure the SeaLink in this checkout too: how it was before")
    add(
        "--peer",
        metavar="NAME=URL",
        help="measure another gateway too; its URL ends in /v1, its models are the bench's",
    )
    add("--peer-pid", type=int, action="append", default=[], metavar="PID", help="a process of it; may be repeated")
    add("--peer-key", default="", help="its API key")
    return parser.parse_args()


@contextmanager
def _servers(directory: Path, ports: dict[str, int], options: argparse.Namespace) -> Iterator[list[Server]]:
    """nginx if it is installed, SeaLink, SeaLink as it was, and the peer."""
    checkouts = {"SeaLink": HERE.parent}
    if options.before:
        checkouts["SeaLink before"] = options.before.absolute()
    with ExitStack() as stack:
        servers = []
        if nginx_program():
            port, pid = stack.enter_context(nginx(directory, ports))
            servers.append(Server("nginx", port, (pid,), roots={name: f"/{name}" for name in UPSTREAMS}))
        for name, checkout in checkouts.items():
            port, pids = stack.enter_context(sealink(directory, ports, checkout))
            servers.append(Server(name, port, tuple(pids)))
        if options.peer:
            servers.append(_peer(options))
        yield servers


def _peer(options: argparse.Namespace) -> Server:
    name, _, url = options.peer.partition("=")
    parts = urlsplit(url)
    root = parts.path.removesuffix("/").removesuffix("/v1")
    return Server(name, parts.port or 80, tuple(options.peer_pid), options.peer_key, dict.fromkeys(UPSTREAMS, root))


def _direct(ports: dict[str, int], upstream: str) -> Server:
    return Server("direct", ports[upstream])


def _lanes(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    with _servers(directory, ports, options) as servers:
        asked = [(server, lane) for server in servers for lane in _lanes_of(server)]
        for server, lane in asked:
            load.streams(server, lane, WARM_UP_S)
        for _ in range(options.rounds):
            results.direct.append(load.streams(_direct(ports, "openai"), RELAY, options.seconds))
            for server, lane in asked:
                results.streams[server.name, lane].append(load.streams(server, lane, options.seconds))


def _lanes_of(server: Server) -> Sequence[Lane]:
    """What a server can do; of another SeaLink or gateway, the two lanes that all have."""
    if server.name == "nginx":
        return (RELAY,)
    return LANES if server.name == "SeaLink" else (RELAY, TRANSLATE)


def _short(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    with _servers(directory, ports, options) as servers:
        for server in servers:
            load.short_streams(server, WARM_UP_S)
        for _ in range(options.rounds):
            for server in servers:
                results.short[server.name].append(load.short_streams(server, options.seconds))


def _whole(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    """Last of what loads a server fully: thousands of answers leave the ledger with work for seconds to come."""
    with _servers(directory, ports, options) as servers:
        for _ in range(options.rounds):
            for server in servers:
                for lane in _lanes_of(server)[:2]:
                    results.whole[server.name, lane].append(load.whole(server, lane, WHOLE_S))


def _open(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    """Afresh for each: memory that was used once is not given back."""
    with _servers(directory, ports, options) as servers:
        for server in servers:
            load.streams(server, RELAY, WARM_UP_S)
            results.at_rest[server.name] = load.resting_bytes(server)
            for streams in (FEW_STREAMS, MANY_STREAMS):
                results.open[server.name, streams] = load.open_streams(server, streams, OPEN_S)


def _ramp(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    with _servers(directory, ports, options) as servers:
        for server in servers:
            if server.name != "SeaLink before":
                results.ramp[server.name] = load.ramp(server)


def _workers(load: Load, directory: Path, ports: dict[str, int], options: argparse.Namespace, results: Results) -> None:
    """Not pinned: the load generator and the upstreams have their share of both cores."""
    for _ in range(options.rounds):
        for workers in (1, 2):
            with sealink(directory, ports, HERE.parent, workers=workers, core=None) as (port, pids):
                server = Server(f"{workers} workers", port, tuple(pids))
                load.whole(server, RELAY, WHOLE_S, pinned=False)
                results.workers[workers].append(load.whole(server, RELAY, WHOLE_S, pinned=False))


PART = {"lanes": _lanes, "short": _short, "whole": _whole, "open": _open, "ramp": _ramp, "workers": _workers}

if __name__ == "__main__":
    main()
