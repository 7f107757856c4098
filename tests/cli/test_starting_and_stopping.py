"""`sealink serve` where something stands in its way, and where it is told to stop in a hurry."""

import contextlib
import ctypes
import os
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

import waiting
from sealink.app.workers.restarts import Restarts
from sealink.cli.main import app
from sealink_command import SEALINK, run

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
until = partial(waiting.until, within_s=PATIENCE_S)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sealink.toml").write_text(CONFIG)
    return tmp_path


@contextmanager
def serving(folder: Path, *options: str, leads: bool = False) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, which `leads` a group of its own, and its base URL. It must end by itself once it is told to, or has
    been killed."""
    command = [SEALINK, "serve", "--admin-port", "0", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=leads) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().split()[-1]
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def refused(folder: Path, *options: str, command: Sequence[str] = ("serve",)) -> str:
    """What a command that cannot start says."""
    done = run([*command, *options], cwd=folder)
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


@pytest.mark.parametrize("place", ["/proc", "/sys", "a file in its way"])
@pytest.mark.parametrize("command", ["serve", "serve --workers 2", "record --to recorded", "chat Hello"])
def test_where_nothing_can_be_written_one_line_says_so(folder: Path, place: str, command: str) -> None:
    """In /proc and /sys not even root can make a folder."""
    (folder / "sealink.db.journal").write_text("in the way")
    (folder / "sealink.toml").write_text(CONFIG)
    words = command.split()
    options = [] if place.startswith("/") else ["--config", "sealink.toml"]
    where = Path(place) if place.startswith("/") else folder
    told = refused(where, *options, *([] if words[0] == "chat" else ["--port", "0"]), command=words)
    assert re.fullmatch(r"cannot write the journal of requests \(\[store\] journal\): .+\n", told)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_what_cannot_be_looked_at_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def fail(*_: object) -> None:
        raise error

    runner = CliRunner()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", fail)
        for command in ("chat Hello", "usage", "check"):
            done = runner.invoke(app, command.split())
            assert (done.exit_code, done.output) == (1, f"sealink.toml: {error.strerror}\n")
    monkeypatch.setattr("sealink.ledger.reports.report.read_unstored", fail)
    done = runner.invoke(app, ["usage"])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "the journal of requests cannot be read" in done.output


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
        until(lambda: not is_answered(f"{url}/models"))


def test_workers_that_are_told_to_stop_before_they_listen_end_well(folder: Path) -> None:
    command = [SEALINK, "serve", "--admin-port", "0", "--workers", "2"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: bool(workers_of(process.pid)))
        process.terminate()
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, output) == (0, ""), errors
    assert "Traceback" not in errors


def test_a_worker_that_dies_is_replaced(folder: Path) -> None:
    with serving(folder, "--workers", "2") as (process, url):
        first, second = workers_of(process.pid)
        third = replaced(process.pid, first)
        fourth = replaced(process.pid, second)
        until(lambda: is_answered(f"{url}/models"))  # by a new one: there is no other
        assert workers_of(process.pid) == {third, fourth}
        process.terminate()
        assert process.stderr
        assert "Traceback" not in process.stderr.read()


def test_one_worker_has_the_admin_port_and_when_it_dies_another(folder: Path) -> None:
    """Nobody is refused meanwhile: who connects waits."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    admin = f"http://127.0.0.1:{port}/none"
    with serving(folder, "--workers", "2", "--admin-port", str(port)) as (process, _):
        assert is_refused(admin)
        for worker in workers_of(process.pid):
            os.kill(worker, signal.SIGKILL)
            until(lambda dead=worker: dead not in workers_of(process.pid))
            assert is_refused(admin)
            until(lambda: len(workers_of(process.pid)) == 2)
        process.terminate()
        assert process.stderr
        log = process.stderr.read()
    assert log.count(f"admin API: http://127.0.0.1:{port}/admin/v1") >= 2
    assert "the admin API waits" not in log


def replaced(pid: int, worker: int) -> int:
    """Kill a worker, and wait until there is another one in its place. Returns the new one."""
    before = workers_of(pid)
    os.kill(worker, signal.SIGKILL)
    until(lambda: worker not in workers_of(pid) and len(workers_of(pid)) == len(before))
    (new,) = workers_of(pid) - before
    return new


def workers_of(pid: int) -> set[int]:
    """Its children but for the one that minds what they share."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = set()
    for child in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.add(int(child))
    return found


def is_refused(url: str) -> bool:
    """Whether somebody listens there who says that there is nothing."""
    try:
        with urlopen(url, timeout=PATIENCE_S):
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
        assert process.stderr
        reloaded = 0
        while reloaded < int(workers):
            reloaded += "The config is reloaded: nothing has changed" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert said.count("Stopping. Open streams have up to 60 s to finish; Ctrl-C again ends them at once.") == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_terminal_signals_all_workers_with_their_parent(folder: Path, number: signal.Signals) -> None:
    with serving(folder, "--workers", "2", leads=True) as (process, url):
        before = workers_of(process.pid)
        os.killpg(process.pid, number)
        if number == signal.SIGHUP:
            assert is_answered(f"{url}/models")
            assert workers_of(process.pid) == before
            process.terminate()
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert said.count("Stopping. Open streams have up to 60 s to finish") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_may_come_to_any_thread(folder: Path, workers: str) -> None:
    """As the kernel likes, where one is pending already: a parent of workers waited on in its main thread."""
    with serving(folder, "--workers", workers) as (process, _):
        others = {int(each.name) for each in Path(f"/proc/{process.pid}/task").iterdir()} - {process.pid}
        assert ctypes.CDLL(None).tgkill(process.pid, max(others), signal.SIGTERM) == 0
        process.wait(PATIENCE_S)
    assert process.returncode == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_a_sealink_has_is_not_shared_by_mistake(folder: Path, workers: str) -> None:
    with serving(folder, "--workers", workers) as (first, url):
        port = url.rsplit(":")[-1].split("/")[0]
        for others in ("1", "2"):
            told = refused(folder, "--port", port, "--workers", others)
            assert f"cannot listen on 127.0.0.1:{port}" in told
            assert "already in use" in told
            assert "--takeover" in told
        first.terminate()


def test_a_takeover_from_another_program_is_refused(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in refused(folder, "--port", port, "--takeover")


def test_a_port_that_was_closed_a_moment_ago_is_free(folder: Path) -> None:
    with serving(folder, "--workers", "2") as (first, url):
        assert is_answered(f"{url}/models")
        first.terminate()
    port = url.rsplit(":")[-1].split("/")[0]
    with serving(folder, "--port", port, "--workers", "2") as (second, same_url):
        assert same_url == url
        second.terminate()


def test_workers_that_do_not_last_are_started_less_and_less_often(folder: Path) -> None:
    (folder / "sealink.toml").write_text(CONFIG.replace("drain_s = 60", "restart_pause_s = 0.05"))
    with serving(folder, "--workers", "2") as (process, url):
        journal = folder / "sealink.db.journal"
        journal.rename(folder / "moved")
        journal.write_text("in the way of any new worker")
        os.kill(min(workers_of(process.pid)), signal.SIGKILL)
        assert process.stderr
        told = (line for line in process.stderr if "another is started" in line)
        assert [next(told).rsplit("started ")[-1].strip() for _ in range(4)] == [
            f"in {pause_s} s" for pause_s in ("0.05", "0.1", "0.2", "0.4")
        ]
        assert is_answered(f"{url}/models")  # by the other one
        process.terminate()
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_where_no_worker_can_be_started_it_is_tried_again(folder: Path) -> None:
    """While its parent may open no file, and so no socket."""
    (folder / "sealink.toml").write_text(CONFIG.replace("drain_s = 60", "restart_pause_s = 0.05"))
    with serving(folder, "--workers", "2") as (process, url):
        allowed = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, allowed[1]))
        killed, other = workers_of(process.pid)
        os.kill(killed, signal.SIGKILL)
        assert process.stderr
        assert any("a worker cannot be started, this is tried again in 0.1 s: " in line for line in process.stderr)
        assert is_answered(f"{url}/models")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, allowed)
        until(lambda: len(workers_of(process.pid) - {killed, other}) == 1)
        process.terminate()
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_restarts() -> None:
    restarts = Restarts(0.5, 30.0)
    pauses = [restarts.ended(now=100.0, lived_s=1.0) for _ in range(9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert [restarts.take_due(now) for now in (100.0, 100.5, 104.0, 104.0, 129.9, 130.0)] == [0, 1, 3, 0, 2, 3]
    assert not restarts
    assert restarts.ended(now=200.0, lived_s=30.0) == 0.0
    assert restarts.take_due(200.0) == 1
    assert restarts.ended(now=200.0, lived_s=29.9) == 0.5
