"""Requests that wait in line, of a real SeaLink with two workers: each has a line of its own."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

import waiting
from acceptance.plain_http import PlainAnswer, chat_request, chat_stream, get, post
from acceptance.sealink_process import SealinkProcess, free_port, simulated

TOKEN = "admin-token-of-the-tests"
CONFIG = f"""
[server]
drain_s = 0.3
[limits]
queue_s = 30
[access]
poll_s = 0.05
[log]
format = "json"
{simulated()}{simulated("slow", "slow", ttft_s=0.1, tokens_per_s=5)}
[[keys]]
name = "patient"
key = "sk-patient"
concurrent_streams = 1
[[keys]]
name = "hasty"
key = "sk-hasty"
concurrent_streams = 1
queue_s = 0
"""
REQUEST = {"model": "m", "max_tokens": 2, "messages": [{"role": "user", "content": "hi"}]}
until = partial(waiting.until, within_s=20)


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    variables, command = {"SEALINK_ADMIN_TOKEN": TOKEN}, ("serve", "--workers", "2")
    folder = tmp_path_factory.mktemp("queue")
    with SealinkProcess(CONFIG, folder, variables, command, admin_port=free_port()) as running:
        until(lambda: "admin API: " in running.log)
        yield running


def admin(sealink: SealinkProcess, path: str, request: dict[str, object]) -> PlainAnswer:
    return post(sealink.admin_port, f"/admin/v1{path}", request, TOKEN)


def metric(sealink: SealinkProcess, name: str) -> float:
    """The sum over its labels."""
    lines = get(sealink.admin_port, "/metrics").body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def queued(sealink: SealinkProcess) -> list[dict[str, object]]:
    """The lines of requests that have waited."""
    return [json.loads(line) for line in sealink.log.splitlines() if '"queued_ms"' in line]


def until_so_many_wait(sealink: SealinkProcess, number: int) -> None:
    until(lambda: metric(sealink, "sealink_queued_requests{") == number)


@contextmanager
def waiting_streams(sealink: SealinkProcess, secret: str, number: int) -> Iterator[list[Future[PlainAnswer]]]:
    """Streams that wait, while another one is open; that is closed in the end."""
    with ThreadPoolExecutor(number) as pool:
        with chat_stream(sealink.port, {**REQUEST, "model": "slow", "max_tokens": 500}, secret) as answer:
            assert answer.status == 200
            path, body = "/v1/chat/completions", {**REQUEST, "stream": True}
            asked = [pool.submit(post, sealink.port, path, body, secret) for _ in range(number)]
            until_so_many_wait(sealink, number)
            yield asked
        for each in asked:
            each.result()


def test_they_are_let_in_when_a_stream_ends_in_whichever_process(sealink: SealinkProcess) -> None:
    with waiting_streams(sealink, "sk-patient", 4) as asked:
        assert not any(each.done() for each in asked)
    assert [each.result().status for each in asked] == [200] * 4
    until(lambda: metric(sealink, "sealink_queue_seconds_count{") == 4)
    assert metric(sealink, "sealink_queued_requests{") == 0
    until(lambda: [(line["key"], line["status"]) for line in queued(sealink)] == [("patient", 200)] * 4)


def test_a_key_may_say_that_it_does_not_wait(sealink: SealinkProcess) -> None:
    with chat_stream(sealink.port, {**REQUEST, "model": "slow", "max_tokens": 500}, "sk-hasty") as answer:
        assert answer.status == 200
        refused = post(sealink.port, "/v1/chat/completions", {**REQUEST, "stream": True}, "sk-hasty")
    assert (refused.status, refused.json["error"]["code"]) == (429, "concurrency")


def test_a_client_that_leaves_is_out_of_the_line(sealink: SealinkProcess) -> None:
    with waiting_streams(sealink, "sk-patient", 1) as asked:
        with socket.create_connection(("127.0.0.1", sealink.port)) as client:
            client.sendall(chat_request({**REQUEST, "stream": True}, "sk-patient"))
            until_so_many_wait(sealink, 2)
        until(lambda: queued(sealink)[-1]["ended"] == "client_gone")
        until_so_many_wait(sealink, 1)
    assert asked[0].result().status == 200


def test_a_key_that_is_revoked_is_refused_while_it_waits(sealink: SealinkProcess) -> None:
    secret = admin(sealink, "/keys", {"name": "stored", "concurrent_streams": 1}).json["key"]
    until(lambda: {post(sealink.port, "/v1/chat/completions", REQUEST, secret).status for _ in range(24)} == {200})
    with waiting_streams(sealink, secret, 2) as asked:
        assert admin(sealink, "/keys/stored/revoke", {"end_streams": False}).status == 200
        answers = [each.result(timeout=20) for each in asked]
    assert [(each.status, each.json["error"]["code"]) for each in answers] == [(401, "invalid_api_key")] * 2


def test_those_that_wait_when_sealink_stops_are_told(sealink: SealinkProcess) -> None:
    with waiting_streams(sealink, "sk-patient", 1) as asked:
        sealink.terminate()
        answer = asked[0].result(timeout=20)
    assert (answer.status, answer.json["error"]["code"]) == (503, "draining")
    until(lambda: (queued(sealink)[-1]["status"], queued(sealink)[-1]["ended"]) == (503, "stopped"))
