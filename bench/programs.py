"""The programs of a measurement: built, started on ports of their own, pinned to cores, and always stopped."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from scenarios import UPSTREAMS

HERE = Path(__file__).parent

SERVER_CORE, LOAD_CORE = 0, 1
"""The server that is measured has one core for itself; load and upstream share the other."""

KEY = "bench-key"
MAX_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

PROVIDER = """\
[[providers]]
name = "paced-{name}"
dialect = "{dialect}"
base_url = "http://127.0.0.1:{port}{root}"

[[models]]
id = "{name}"
targets = [{{ provider = "paced-{name}", model = "{name}" }}]
"""
CONFIG_KEY = """\
[[keys]]
name = "bench"
key = "{key}"
"""

NGINX = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    {upstreams}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
        {locations}
    }}
}}
"""


def build(directory: Path) -> None:
    """Compile upstream and load into `directory`."""
    for name in ("upstream", "load"):
        subprocess.run(["cc", "-O2", "-o", directory / name, HERE / f"{name}.c"], check=True)


@contextmanager
def upstreams(directory: Path) -> Iterator[dict[str, tuple[int, int]]]:
    """The port and the process id of each of UPSTREAMS, by its name."""
    with ExitStack() as stack:
        found = {}
        for name, (form, chunks, interval_us) in UPSTREAMS.items():
            command = [str(directory / "upstream"), "0", form, str(chunks), str(interval_us)]
            process = stack.enter_context(running(command, LOAD_CORE, directory / f"upstream-{name}.log"))
            found[name] = int(_first_line(process, r"(\d+)")), process.pid
        yield found


@contextmanager
def nginx(directory: Path, ports: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """nginx in front of the upstreams, each below its name: its port, and its worker's process id."""
    port = _free_port()
    config = directory / "nginx.conf"
    keep = "keepalive 16384; keepalive_requests 1000000;"
    lines = [f"upstream {name} {{ server 127.0.0.1:{each}; {keep} }}" for name, each in ports.items()]
    places = [f"location /{name}/ {{ proxy_pass http://{name}/; }}" for name in ports]
    config.write_text(NGINX.format(port=port, upstreams="\n    ".join(lines), locations="\n        ".join(places)))
    command = [nginx_program() or "nginx", "-p", str(directory), "-c", str(config)]
    with running(command, SERVER_CORE, directory / "nginx.log") as process:
        yield port, _only_child(process)


@contextmanager
def sealink(
    directory: Path, ports: Mapping[str, int], checkout: Path, *, workers: int = 1, core: int | None = SERVER_CORE
) -> Iterator[tuple[int, list[int]]]:
    """A checkout's `sealink serve` with keys and metering as always: its port, and the ids of its processes."""
    directory = Path(mkdtemp(dir=directory))
    config = directory / "sealink.toml"
    config.write_text("".join(_provider(name, port) for name, port in ports.items()) + CONFIG_KEY.format(key=KEY))
    command = [sys.executable, "-m", "sealink", "serve", "--config", str(config), "--port", "0"]
    command += ["--workers", str(workers)] if workers > 1 else []
    source = {"PYTHONPATH": str(checkout / "src")}
    with running(command, core, directory / "sealink.log", source) as process:
        port = int(_first_line(process, r"listens on http://[\d.]+:(\d+)"))
        yield port, [process.pid, *_descendants(process.pid)]


def _provider(name: str, port: int) -> str:
    dialect = UPSTREAMS[name][0]
    return PROVIDER.format(name=name, dialect=dialect, port=port, root="/v1" if dialect == "openai" else "")


def nginx_program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def pin_to(core: int) -> None:
    """Keep the calling process on a core, where there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def prepare(core: int | None) -> None:
    """In a program before it begins: its core, and as many open files as it may have."""
    if core is not None:
        pin_to(core)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))


@contextmanager
def running(
    command: list[str], core: int | None, log: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
            preexec_fn=lambda: prepare(core),
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[str], pattern: str) -> str:
    """What `pattern` finds in the first lines that a program prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found[1]
    raise SystemExit(f"{process.args!r} did not start; it ended with {process.wait()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(each for child in children for each in _descendants(child))]


def _only_child(process: subprocess.Popen[str]) -> int:
    """The process id of nginx's worker, as soon as there is one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if listed := children.read_text().split():
            return int(listed[0])
        time.sleep(0.01)
    raise SystemExit(f"nginx did not start; it ended with {process.returncode}")
