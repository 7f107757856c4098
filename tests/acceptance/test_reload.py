"""The config of a running SeaLink is read again: by SIGHUP, by `sealink reload`, by the admin API; in every process."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import sealink_command
from acceptance.plain_http import post_chat
from acceptance.sealink_process import SealinkProcess, free_port, simulated
from replay import Answer, ReplayingUpstream
from sealink.app.process import raise_file_limit
from waiting import until

PATIENCE_S = 30.0
AT_ONCE = 20
"""Streams that are opened together."""
SECRET = "sk-for-the-reload"


class Reloading:
    """A SeaLink, and its config, which a test writes anew."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.admin = free_port()
        self.file = folder / "sealink.toml"
        self.process = SealinkProcess(
            self.config("before"), folder, {"SEALINK_ADMIN_TOKEN": "t"}, ("serve", *arguments), self.admin
        )

    def config(self, model: str, *, secret: str = SECRET) -> str:
        return f"""
[server]
keep_alive_s = 60
[admin]
port = {self.admin}
{simulated(model)}
[[keys]]
name = "dev"
key = "{secret}"
"""

    def reload(self) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "SEALINK_ADMIN_TOKEN": "t"}
        return sealink_command.run(["reload", "--config", self.file], cwd=self.file.parent, env=env)

    def status(self, model: str, secret: str = SECRET) -> int:
        body = {"model": model, "max_tokens": 3, "messages": [{"role": "user", "content": "Hi"}]}
        return post_chat(self.process.port, body, secret).status


def test_sealink_reload_says_what_changed_and_it_is_in_force(tmp_path: Path) -> None:
    running = Reloading(tmp_path, "--workers", "2")
    with running.process as process:
        until(lambda: "listens on" in process.log)  # all workers do
        assert running.status("before") == 200
        running.file.write_text(
            running.config("after", secret="sk-another").replace("keep_alive_s = 60", "keep_alive_s = 50")
        )
        done = running.reload()
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(done.stdout.splitlines()) == [
            "[[keys]] dev: changed",
            "[[models]] after: added",
            "[[models]] before: removed",
            "[server] keep_alive_s: changed (after a restart)",
        ]
        for _ in range(8):  # both workers
            assert running.status("after", "sk-another") == 200
            assert running.status("after") == 401
            assert running.status("before", "sk-another") == 404
        assert running.reload().stdout == "[server] keep_alive_s: changed (after a restart)\n"


@pytest.mark.parametrize("wrong", ["unknown = 1\n", "[[models]]\n", "[[\n", 'x = "${NOT_SET_ANYWHERE}"\n'])
def test_a_mistake_leaves_all_as_it_was_and_says_where(tmp_path: Path, wrong: str) -> None:
    running = Reloading(tmp_path)
    with running.process as process:
        until(lambda: "admin API: " in process.log)
        running.file.write_text(wrong + running.config("after"))
        done = running.reload()
        assert done.returncode == 1
        assert "sealink.toml:1" in done.stderr
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: "not reloaded" in process.log)
        assert "sealink.toml:1" in process.log
        assert running.status("before") == 200
        assert running.status("after") == 404


def test_a_worker_that_is_started_after_a_reload_has_the_same_config(tmp_path: Path) -> None:
    """Not what the file says now, either: nobody has asked for that yet."""
    running = Reloading(tmp_path, "--workers", "2")
    with running.process as process:
        until(lambda: "listens on" in process.log)
        running.file.write_text(running.config("after") + "[server.unknown]\n")
        assert running.reload().returncode == 1
        running.file.write_text(running.config("after"))
        assert running.reload().returncode == 0
        running.file.write_text(running.config("not yet"))
        for worker in worker_pids(process.pid):
            os.kill(worker, signal.SIGKILL)
        until(lambda: process.log.count("ended with -9, another is started") == 2)
        until(lambda: answers(running, "after"))
        for _ in range(8):
            assert running.status("after") == 200
            assert running.status("before") == 404
            assert running.status("not yet") == 404


def answers(running: Reloading, model: str) -> bool:
    try:
        return running.status(model) == 200
    except OSError:  # no worker listens yet
        return False


def worker_pids(supervisor: int) -> list[int]:
    """The supervisor has a child besides them, multiprocessing's resource tracker."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    running = Reloading(tmp_path)
    done = running.reload()
    assert done.returncode == 1
    assert done.stderr.startswith(f"no SeaLink is reached at 127.0.0.1:{running.admin} ([admin]): ")


def test_a_server_without_a_config_keeps_its_key(tmp_path: Path) -> None:
    with SealinkProcess(None, tmp_path, {"SEALINK_API_KEY": ""}) as process:
        kept = (tmp_path / "dev-key").read_text()
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: "The config is reloaded: nothing has changed" in process.log)
        assert (tmp_path / "dev-key").read_text() == kept


HELD = """
[[providers]]
name = "held"
dialect = "openai"
base_url = "{url}/v1"
warm_connections = 0
[[models]]
id = "held"
targets = [{{ provider = "held", model = "m" }}]
"""
BEGIN, END = b'"begun, "', b'"and ended"'


def _delta(delta: bytes, finish: bytes = b"null") -> bytes:
    choice = b'{"index":0,"delta":%b,"finish_reason":%b}' % (delta, finish)
    head = b'"id":"1","object":"chat.completion.chunk","created":1,"model":"m"'
    return b'data: {%b,"choices":[%b]}\n\n' % (head, choice)


BEGUN = _delta(b'{"content":%b}' % BEGIN)
HELD_ANSWER = Answer(
    BEGUN + _delta(b'{"content":%b}' % END) + _delta(b"{}", b'"stop"') + b"data: [DONE]\n\n", held_at=len(BEGUN)
)
"""It begins at once, and ends when the test lets it."""


async def _stream(port: int, model: str) -> bytes:
    """A whole streamed answer, as it is on the wire."""
    given, output = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Hi"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\nconnection: close\r\n"
    output.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
    try:
        return await given.read()
    finally:
        output.close()


def test_open_streams_are_not_harmed(tmp_path: Path, full: bool) -> None:
    """All are open while the config is read again and again: every other one is refused. The others have neither their
    provider nor their model. New requests see the new config."""
    streams, reloads = (1000, 20) if full else (60, 6)
    running = Reloading(tmp_path)

    async def scenario(process: SealinkProcess, upstream: ReplayingUpstream) -> None:
        open_ones: list[asyncio.Task[bytes]] = []
        while len(open_ones) < streams:
            open_ones += [asyncio.create_task(_stream(process.port, "held")) for _ in range(AT_ONCE)]
            async with asyncio.timeout(PATIENCE_S):
                while sum(exchange.held.is_set() for exchange in upstream.exchanges) < len(open_ones):
                    await asyncio.sleep(0.01)
        for number in range(reloads):
            broken = "unknown = 1\n" if number % 2 else ""
            running.file.write_text(broken + running.config(f"after-{number}"))
            done = await asyncio.to_thread(running.reload)
            assert done.returncode == bool(broken), done.stderr
            in_force = number - number % 2
            assert await asyncio.to_thread(running.status, f"after-{in_force}") == 200
        assert await asyncio.to_thread(running.status, "held") == 404
        assert not any(stream.done() for stream in open_ones)
        upstream.release_all()
        for answer in await asyncio.gather(*open_ones):
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.count(b"data: ") == 4
            assert answer.index(BEGIN) < answer.index(END) < answer.index(b"data: [DONE]")

    raise_file_limit()
    with ReplayingUpstream(lambda _: HELD_ANSWER) as upstream:
        running.file.write_text(running.config("before") + HELD.format(url=upstream.url))
        with running.process as process:
            until(lambda: "admin API: " in process.log)
            asyncio.run(scenario(process, upstream))
