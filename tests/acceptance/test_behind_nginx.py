"""nginx as it comes, with its buffering on, passes SeaLink's streams on token by token: a header tells it to."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from acceptance.house import House, house
from acceptance.made_streams import begin_of, openai_stream
from acceptance.plain_http import chat_stream
from acceptance.sealink_process import START_S, free_port
from outside import program
from replay import Answer

TEXTS = ["Once", " upon", " a", " time"]
BODY = openai_stream(TEXTS)
MODEL = "a-model"

CONFIG = """
daemon off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            {more}
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    held = Answer(BODY, held_at=begin_of(TEXTS[1], BODY))
    with house(lambda _: held, {MODEL: "openai"}, tmp_path_factory.mktemp("behind-nginx")) as it:
        yield it


def test_tokens_pass_as_they_come(running: House, tmp_path: Path) -> None:
    with nginx(running.sealink.url, tmp_path) as port, streaming(port) as answer:
        came = b""
        while TEXTS[0].encode() not in came:
            came += answer.readline()
        assert TEXTS[1].encode() not in came
        running.upstream.release_all()
        assert (came + answer.read()).endswith(b"data: [DONE]\n\n")


def test_it_is_the_header_that_does_it(running: House, tmp_path: Path) -> None:
    with nginx(running.sealink.url, tmp_path, "proxy_ignore_headers X-Accel-Buffering;") as port:
        with pytest.raises(TimeoutError), streaming(port, timeout_s=0.5) as answer:
            answer.readline()
        running.upstream.release_all()


@contextmanager
def nginx(upstream: str, folder: Path, more: str = "") -> Iterator[int]:
    """The port of an nginx before `upstream`."""
    port = free_port()
    (folder / "nginx.conf").write_text(CONFIG.format(port=port, upstream=upstream, more=more))
    command = [program("nginx"), "-p", str(folder), "-c", "nginx.conf"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            wait_until_up(port, folder / "log")
            yield port
        finally:
            process.terminate()


def wait_until_up(port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), START_S).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.02)


@contextmanager
def streaming(port: int, timeout_s: float = START_S) -> Iterator[HTTPResponse]:
    """A streamed answer, its head read."""
    request = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    with chat_stream(port, request, timeout_s=timeout_s) as answer:
        assert answer.status == 200
        yield answer
