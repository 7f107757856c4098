"""/metrics of a real SeaLink: who may read them, and that they are the sums over its processes."""

import json
import re
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acceptance.sealink_process import KEY, SealinkProcess, free_port

PATIENCE_S = 20.0
CONFIG = """
[admin]
host = "{host}"
[[providers]]
name = "sim"
dialect = "sim"
ttft_s = 0
tokens_per_s = 0
[[models]]
id = "m"
targets = [{{ provider = "sim", model = "sealink/sim" }}]
[[keys]]
name = "dev"
key = "{key}"
"""


def fetch(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def ask(port: int, model: str = "m", *, stream: bool = False) -> int:
    """Each on a connection of its own, so that the kernel spreads them over the workers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        body = {"model": model, "stream": stream, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def samples(text: str) -> dict[tuple[str, str], float]:
    """By name and the labels that differ here."""
    families = text_string_to_metric_families(text)
    found = [sample for family in families for sample in family.samples]
    return {(each.name, ",".join(each.labels[name] for name in sorted(each.labels))): each.value for each in found}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_sums_are_those_of_all_processes(tmp_path: Path, workers: int) -> None:
    admin = free_port()
    config = CONFIG.format(host="127.0.0.1", key=KEY)
    with SealinkProcess(config, tmp_path, {}, ("serve", "--workers", str(workers)), admin) as process:
        deadline = time.monotonic() + PATIENCE_S
        while "admin API: " not in process.log:
            assert time.monotonic() < deadline
        statuses = [ask(process.port, stream=bool(number % 2)) for number in range(20)]
        statuses += [ask(process.port, "no-such-model") for _ in range(3)]
        assert statuses == [200] * 20 + [404] * 3
        status, text, headers = fetch(admin)
        found = samples(text)
        assert status == 200
        assert headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "content-security-policy" in headers
        assert found["sealink_requests_total", "done,m,sim,200"] == 20
        assert found["sealink_requests_total", "refused,,,404"] == 3
        assert found["sealink_failures_total", "model_not_found,,"] == 3
        assert found["gen_ai_server_time_to_first_token_seconds_count", "chat,sim,m"] == 10
        assert found["gen_ai_server_request_duration_seconds_count", "chat,sim,m"] == 20
        assert found["sealink_tokens_total", "m,sim,output"] == 100
        assert found["sealink_open_requests", ""] == 0
        assert found["sealink_target_up", "sealink/sim,sim"] == 1
        while len(re.findall(r"INFO sealink\.requests .* ended=done ", process.log)) < 20:  # they wait for one another
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_who_may_read_them(tmp_path: Path) -> None:
    """Without the token only this machine, and nobody for whom a proxy asks."""
    admin = free_port()
    with SealinkProcess(
        CONFIG.format(host="127.0.0.1", key=KEY), tmp_path, {"SEALINK_ADMIN_TOKEN": "t"}, admin_port=admin
    ) as process:
        while "admin API: " not in process.log:
            time.sleep(0.02)
        assert fetch(admin)[0] == 200
        assert fetch(admin, x_forwarded_for="10.0.0.1")[0] == 401
        assert fetch(admin, forwarded="for=10.0.0.1")[0] == 401
        assert fetch(admin, x_forwarded_for="10.0.0.1", authorization="Bearer t")[0] == 200
        assert fetch(admin, host="evil.example")[0] == 403
        assert fetch(process.port)[0] == 404


def test_on_an_address_that_others_reach_they_need_the_token(tmp_path: Path) -> None:
    admin = free_port()
    with SealinkProcess(
        CONFIG.format(host="0.0.0.0", key=KEY), tmp_path, {"SEALINK_ADMIN_TOKEN": "t"}, admin_port=admin
    ) as process:
        while "admin API: " not in process.log:
            time.sleep(0.02)
        assert fetch(admin)[0] == 401
        assert fetch(admin, authorization="Bearer t")[0] == 200
