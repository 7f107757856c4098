"""/health/ready in each of its states, and what a load balancer makes of it."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from acceptance.plain_http import get, post_chat
from acceptance.sealink_process import KEY, SealinkProcess, free_port, simulated
from outside import program

PATIENCE_S = 20.0
NOTICE_S = 1.5
CONFIG = f"""
[server]
drain_notice_s = {NOTICE_S}
{simulated(ttft_s=0.05)}[[keys]]
name = "dev"
key = "{KEY}"
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    option httpchk GET /health/ready
    retries 0
frontend sealink
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    server one 127.0.0.1:{one} check inter 100ms fall 1 rise 1
    server two 127.0.0.1:{two} check inter 100ms fall 1 rise 1
"""


def fetch(port: int, path: str) -> tuple[int, bytes]:
    answer = get(port, path)
    return answer.status, answer.body


def ask(port: int) -> int:
    return post_chat(port, {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}).status


def test_ready_until_it_stops_and_alive_all_the_time(tmp_path: Path) -> None:
    with SealinkProcess(CONFIG, tmp_path) as process:
        for path in ("/health/live", "/healthz", "/health/ready", "/health"):
            assert fetch(process.port, path) == (200, b'{"status":"ok"}')
        process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        while (found := fetch(process.port, "/health/ready"))[0] == 200:
            assert time.monotonic() < deadline
        assert found == (503, b'{"status":"unavailable","reasons":["SeaLink is stopping."]}')
        assert fetch(process.port, "/healthz")[0] == 200
        assert ask(process.port) == 200


@contextmanager
def haproxy(folder: Path, one: int, two: int) -> Iterator[int]:
    """In front of two nodes; both are up."""
    port = free_port()
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, one=one, two=two))
    with (folder / "haproxy.log").open("wb") as log:
        balancer = subprocess.Popen(
            [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline
            try:
                if ask(port) == 200:
                    break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        balancer.terminate()
        balancer.wait()


def test_no_request_fails_when_one_of_two_nodes_stops(tmp_path: Path) -> None:
    """A load balancer that does not even try again: it has been told in time."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        one, two = (stack.enter_context(SealinkProcess(CONFIG, folder)) for folder in folders)
        port = stack.enter_context(haproxy(tmp_path, one.port, two.port))
        until = time.monotonic() + NOTICE_S + 2

        def client(_: int) -> list[int]:
            statuses = []
            while time.monotonic() < until:
                statuses.append(ask(port))
            return statuses

        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(client, number) for number in range(4)]
            one.terminate()
            statuses = [status for each in asked for status in each.result()]
        one.wait()
    assert len(statuses) > 20
    assert set(statuses) == {200}
