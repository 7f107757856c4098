"""`sealink serve` where something stands in its way, and where it is told to stop in a hurry."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

SEALINK = Path(sys.executable).with_name("sealink")
CONFIG = """
[server]
port = 0
drain_s = 60
[[providers]]
name = "slow"
dialect = "sim"
tokens_per_s = 5
[[models]]
id = "slow"
targets = [{ provider = "slow", model = "sealink/sim" }]
[[keys]]
name = "dev"
key = "sk-1"
"""
PATIENCE_S = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sealink.toml").write_text(CONFIG)
    return tmp_path


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process and its base URL. It must end by itself once it is told to, or has been killed."""
    command = [SEALINK, "serve", "--admin-port", "0", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().split()[-1]
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def refused(folder: Path, *options: str) -> str:
    """What a `serve` that cannot start says."""
    done = subprocess.run([SEALINK, "serve", *options], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken(folder: Path, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in refused(folder, "--port", port, "--workers", workers)


def test_a_host_that_is_none(folder: Path) -> None:
    assert "cannot listen on no-such-host.invalid" in refused(
        folder, "--host", "no-such-host.invalid", "--workers", "2"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_journal_that_cannot_be_written(folder: Path, workers: str) -> None:
    (folder / "sealink.db.journal").write_text("in the way")
    assert "cannot write the journal" in refused(folder, "--workers", workers)


def test_told_twice_it_does_not_wait_for_open_streams(folder: Path) -> None:
    with serving(folder) as (process, url):
        body = b'{"model":"slow","stream":true,"messages":[{"role":"user","content":"A long story, please."}]}'
        with urlopen(Request(f"{url}/chat/completions", body, {"authorization": "Bearer sk-1"})) as stream:
            stream.readline()
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)  # at once: the same word, said by two
            time.sleep(1.5)  # longer than what counts as once
            process.send_signal(signal.SIGTERM)
            assert b'"draining"' in stream.read()
        process.wait(PATIENCE_S)
        assert 1.5 <= time.monotonic() - began < PATIENCE_S
        assert process.returncode == 0


def test_workers_do_not_outlive_their_parent(folder: Path) -> None:
    with serving(folder, "--workers", "2") as (process, url):
        process.kill()
        wait_until(lambda: not is_answered(f"{url}/models"))


def test_a_worker_that_dies_is_replaced(folder: Path) -> None:
    with serving(folder, "--workers", "2") as (process, url):
        first, second = workers_of(process.pid)
        third = replaced(process.pid, first)
        fourth = replaced(process.pid, second)
        wait_until(lambda: is_answered(f"{url}/models"))  # by a new one: there is no other
        assert workers_of(process.pid) == {third, fourth}
        process.terminate()
        assert process.stderr
        assert "Traceback" not in process.stderr.read()


def test_one_worker_has_the_admin_port_and_its_successor_takes_it_over(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    admin = f"http://127.0.0.1:{port}/"
    with serving(folder, "--workers", "2", "--admin-port", str(port)) as (process, _):
        wait_until(lambda: is_refused(admin))
        for worker in workers_of(process.pid):
            replaced(process.pid, worker)
        wait_until(lambda: is_refused(admin))
        process.terminate()
        assert process.stderr
        log = process.stderr.read()
    assert log.count(f"admin API: http://127.0.0.1:{port}/admin/v1") == 2
    assert "the admin API waits" not in log


def replaced(pid: int, worker: int) -> int:
    """Kill a worker, and wait until there is another one in its place. Returns the new one."""
    before = workers_of(pid)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: worker not in workers_of(pid) and len(workers_of(pid)) == len(before))
    (new,) = workers_of(pid) - before
    return new


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers_of(pid: int) -> set[int]:
    """Its children but for the one that minds what they share."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}


def is_refused(url: str) -> bool:
    """Whether somebody listens there who says that there is nothing."""
    try:
        with urlopen(url, timeout=5):
            return False
    except HTTPError as error:
        return error.code == 404
    except OSError:
        return False


def is_answered(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_hangup_does_not_end_it_and_ctrl_c_says_what_it_waits_for(folder: Path, workers: str) -> None:
    with serving(folder, "--workers", workers) as (process, url):
        process.send_signal(signal.SIGHUP)
        assert is_answered(f"{url}/models")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert said.count("SIGHUP: nothing is done.") == 1
    assert said.count("Stopping. Open streams have up to 60 s to finish; Ctrl-C again ends them at once.") == 1
