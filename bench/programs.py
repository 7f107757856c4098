"""The programs of a measurement: built, started on ports of their own, pinned to cores, and always stopped."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

HERE = Path(__file__).parent

SERVER_CORE, LOAD_CORE = 0, 1
"""The server that is measured has one core for itself; load and upstream share the other."""

CHUNKS, INTERVAL_US = 100, 20_000
"""A stream: as many chunks, this far apart."""
SLOW_CHUNKS, SLOW_INTERVAL_US = 30, 200_000
"""A stream for measuring memory: many of them at once must not keep a core busy."""

KEY = "bench-key"
MODELS = {"relay": "gpt-4o-mini", "translate": "claude-sonnet-4-6", "slow": "slow"}

CONFIG = """\
[[providers]]
name = "paced-openai"
dialect = "openai"
base_url = "http://127.0.0.1:{openai}/v1"

[[providers]]
name = "paced-anthropic"
dialect = "anthropic"
base_url = "http://127.0.0.1:{anthropic}"

[[providers]]
name = "slow-openai"
dialect = "openai"
base_url = "http://127.0.0.1:{slow}/v1"

[[models]]
id = "gpt-4o-mini"
targets = [{{ provider = "paced-openai", model = "gpt-4o-mini" }}]

[[models]]
id = "claude-sonnet-4-6"
targets = [{{ provider = "paced-anthropic", model = "claude-sonnet-4-6" }}]

[[models]]
id = "slow"
targets = [{{ provider = "slow-openai", model = "slow" }}]

[[keys]]
name = "bench"
key = "{key}"
"""

NGINX = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    upstream paced {{ server 127.0.0.1:{openai}; keepalive 4096; keepalive_requests 1000000; }}
    upstream slow {{ server 127.0.0.1:{slow}; keepalive 4096; }}
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
        location / {{ proxy_pass http://paced; }}
        location /slow/ {{ proxy_pass http://slow; }}
    }}
}}
"""


def build(directory: Path) -> None:
    """Compile upstream and load into `directory`."""
    for name in ("upstream", "load"):
        subprocess.run(["cc", "-O2", "-o", directory / name, HERE / f"{name}.c"], check=True)


@contextmanager
def upstream(directory: Path, dialect: str, chunks: int, interval_us: int) -> Iterator[int]:
    """A paced upstream's port."""
    command = [str(directory / "upstream"), "0", dialect, str(chunks), str(interval_us)]
    with _running(command, LOAD_CORE, directory / f"{dialect}-{chunks}.log") as process:
        yield int(_first_line(process, r"(\d+)"))


@contextmanager
def upstreams(directory: Path) -> Iterator[dict[str, int]]:
    """The ports of the three upstreams: `openai`, `anthropic`, `slow`."""
    with (
        upstream(directory, "openai", CHUNKS, INTERVAL_US) as openai,
        upstream(directory, "anthropic", CHUNKS, INTERVAL_US) as anthropic,
        upstream(directory, "openai", SLOW_CHUNKS, SLOW_INTERVAL_US) as slow,
    ):
        yield {"openai": openai, "anthropic": anthropic, "slow": slow}


@contextmanager
def nginx(directory: Path, ports: dict[str, int]) -> Iterator[tuple[int, int]]:
    """nginx in front of the OpenAI upstreams: its port, and its worker's process id."""
    port = _free_port()
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(port=port, **ports))
    command = [nginx_program() or "nginx", "-p", str(directory), "-c", str(config)]
    with _running(command, SERVER_CORE, directory / "nginx.log") as process:
        yield port, _only_child(process)


@contextmanager
def sealink(directory: Path, ports: dict[str, int], checkout: Path) -> Iterator[tuple[int, int]]:
    """A checkout's `sealink serve`, one worker, with keys and metering as always: its port and process id."""
    directory = Path(mkdtemp(dir=directory))
    config = directory / "sealink.toml"
    config.write_text(CONFIG.format(key=KEY, **ports))
    command = [sys.executable, "-m", "sealink", "serve", "--config", str(config), "--port", "0"]
    source = {"PYTHONPATH": str(checkout / "src")}
    with _running(command, SERVER_CORE, directory / "sealink.log", source) as process:
        yield int(_first_line(process, r"listens on http://[\d.]+:(\d+)")), process.pid


def nginx_program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def pin_to(core: int) -> None:
    """Keep the calling process on a core, where there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


@contextmanager
def _running(
    command: list[str], core: int, log: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
            preexec_fn=lambda: pin_to(core),
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


def _only_child(process: subprocess.Popen[str]) -> int:
    """The process id of nginx's worker, as soon as there is one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if listed := children.read_text().split():
            return int(listed[0])
        time.sleep(0.01)
    raise SystemExit(f"nginx did not start; it ended with {process.returncode}")
