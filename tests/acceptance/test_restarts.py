"""A SeaLink follows another while clients ask: no connection is refused, no request fails, every one has its row."""

import asyncio
import socket
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from acceptance.made_streams import begin_of, openai_stream
from acceptance.plain_http import chat_stream, get
from acceptance.restarting import PATIENCE_S, SEALINK, SECRET, Asking, Running, config_of
from acceptance.sealink_process import free_port
from acceptance.usage_rows import usage_rows
from replay import Answer, ReplayingUpstream

STREAM = openai_stream(["Once", " upon"])
HELD = Answer(STREAM, held_at=begin_of(" upon", STREAM))
"""It goes on when the test lets it."""
HELD_MODEL = """
[[providers]]
name = "held"
dialect = "openai"
base_url = "{url}/v1"
warm_connections = 0
[[models]]
id = "held"
targets = [{{ provider = "held", model = "held" }}]
"""


def configured(folder: Path, port: int, more: str = "") -> int:
    """Write the config. Returns the admin port."""
    admin = free_port()
    (folder / "sealink.toml").write_text(config_of(port, admin, more))
    return admin


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


def metrics(admin: int) -> int:
    return get(admin, "/metrics").status


def stream(port: int, model: str) -> AbstractContextManager[HTTPResponse]:
    body = {"model": model, "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}
    return chat_stream(port, body, SECRET, timeout_s=PATIENCE_S)


def under_load(port: int, full: bool, restart: Callable[[], None]) -> int:
    """Ask while there are restarts. Returns how many requests there were, all of which have succeeded."""
    asking = Asking(port, per_s=200 if full else 40)
    asyncio.run(asking.while_(lambda: [restart() for _ in range(10 if full else 2)] and None))
    assert set(asking.outcomes) == {"200"}, asking.outcomes
    return asking.outcomes["200"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.full), "2"])
def test_takeovers_under_load(tmp_path: Path, full: bool, workers: str) -> None:
    port = free_port()
    admin = configured(tmp_path, port)
    options = ("--workers", workers, "--takeover")
    running = [Running(tmp_path, *options)]

    def take_over() -> None:
        running.append(Running(tmp_path, *options))
        running[-2].ended()
        assert metrics(admin) == 200

    try:
        asked = under_load(port, full, take_over)
        assert "No SeaLink is there to take over from" in running[0].log.read_text()
        assert "Another SeaLink has taken over" in running[0].log.read_text()
    finally:
        running[-1].terminate()
        running[-1].ended()
    found = usage_rows(tmp_path)
    assert len({row["request_id"] for row in found}) == len(found) == asked
    assert {row["ended"] for row in found} == {"done"}
    assert not list(tmp_path.glob("takeover-*"))


@pytest.mark.timeout(900)
def test_restarts_on_sockets_of_systemd_under_load(tmp_path: Path, full: bool) -> None:
    with listening() as public, listening() as admin:
        port = public.getsockname()[1]
        configured(tmp_path, 1)  # what systemd listens on counts
        given = {"sealink.socket": public, "admin": admin}
        running = [Running(tmp_path, given=given)]
        assert f"listens on http://127.0.0.1:{port}/v1" in running[0].greeting[0]

        def restart() -> None:
            running[-1].terminate()
            running[-1].ended()
            running.append(Running(tmp_path, given=given))

        try:
            asked = under_load(port, full, restart)
            assert metrics(admin.getsockname()[1]) == 200
        finally:
            running[-1].terminate()
            running[-1].ended()
    assert len(usage_rows(tmp_path)) == asked


def test_workers_share_the_sockets_of_systemd(tmp_path: Path) -> None:
    """One that dies leaves no connection waiting in vain."""
    with listening() as public, listening() as admin:
        configured(tmp_path, 1)
        running = Running(tmp_path, "--workers", "2", given={"sealink.socket": public, "admin": admin})
        try:
            assert under_load(public.getsockname()[1], False, lambda: None) >= 1
            assert metrics(admin.getsockname()[1]) == 200
        finally:
            running.terminate()
            running.ended()


@pytest.mark.parametrize(("before", "after"), [("1", "2"), pytest.param("2", "1", marks=pytest.mark.full)])
def test_an_open_stream_ends_in_its_own_time_and_counts_against_its_limit_meanwhile(
    tmp_path: Path, before: str, after: str
) -> None:
    port = free_port()
    with ReplayingUpstream(lambda _: HELD) as upstream:
        configured(tmp_path, port, HELD_MODEL.format(url=upstream.url))
        old = Running(tmp_path, "--workers", before)
        with stream(port, "held") as answer:
            assert any(b"Once" in line for line in iter(answer.readline, b""))
            new = Running(tmp_path, "--workers", after, "--takeover")
            try:
                with stream(port, "m") as second:  # concurrent_streams = 1, in both processes together
                    assert second.status == 429
                assert old.process.poll() is None
                upstream.release_all()
                assert answer.read().endswith(b"data: [DONE]\n\n")
                old.ended()
                with stream(port, "m") as third:
                    assert third.status == 200
            finally:
                new.terminate()
                new.ended()


def test_one_that_cannot_start_leaves_the_one_before_alone(tmp_path: Path) -> None:
    port = free_port()
    admin = configured(tmp_path, port)
    running = Running(tmp_path)
    try:
        config = tmp_path / "sealink.toml"
        working = config.read_text()
        config.write_text(working.replace("[server]", '[store]\njournal = "sealink.toml"\n[server]'))
        command = [SEALINK, "serve", "--takeover", "--config", "sealink.toml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert (done.returncode, "cannot write the journal" in done.stderr) == (1, True)
        config.write_text(working)
        assert under_load(port, False, lambda: None) >= 1
        assert metrics(admin) == 200
    finally:
        running.terminate()
        running.ended()


def test_what_systemd_is_told(tmp_path: Path) -> None:
    configured(tmp_path, free_port())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        running = Running(tmp_path, variables=variables)
        try:
            told = [systemd.recv(200) for _ in range(3)]
            assert told == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            running.process.send_signal(1)
            told = []
            while b"READY=1" not in told:
                told.append(systemd.recv(200))
            assert any(each.startswith(b"RELOADING=1\nMONOTONIC_USEC=") for each in told)
        finally:
            running.terminate()
            while systemd.recv(200) != b"STOPPING=1":  # read at once: nothing more is told where nobody reads
                pass
            running.ended()
