"""/metrics of a real SeaLink: who may read them, and that they are the sums over its processes."""

import re
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import waiting
from acceptance.plain_http import PlainAnswer, get, post_chat
from acceptance.sealink_process import KEY, SealinkProcess, free_port, simulated

until = partial(waiting.until, within_s=20)
TABLES = f"""{simulated()}
[[keys]]
name = "dev"
key = "{KEY}"
"""


def config(host: str) -> str:
    return f'[admin]\nhost = "{host}"\n{TABLES}'


def metrics(port: int, **headers: str) -> PlainAnswer:
    return get(port, "/metrics", {name.replace("_", "-"): value for name, value in headers.items()})


def ask(port: int, model: str = "m", *, stream: bool = False) -> int:
    """Each on a connection of its own, so that the kernel spreads them over the workers."""
    body = {"model": model, "stream": stream, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    return post_chat(port, body).status


def samples(text: str) -> dict[tuple[str, str], float]:
    """By name and the labels that differ here."""
    families = text_string_to_metric_families(text)
    found = [sample for family in families for sample in family.samples]
    return {(each.name, ",".join(each.labels[name] for name in sorted(each.labels))): each.value for each in found}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_sums_are_those_of_all_processes(tmp_path: Path, workers: int) -> None:
    admin = free_port()
    command = ("serve", "--workers", str(workers))
    with SealinkProcess(config("127.0.0.1"), tmp_path, {}, command, admin) as process:
        until(lambda: "admin API: " in process.log)
        statuses = [ask(process.port, stream=bool(number % 2)) for number in range(20)]
        statuses += [ask(process.port, "no-such-model") for _ in range(3)]
        assert statuses == [200] * 20 + [404] * 3
        answer = metrics(admin)
        found = samples(answer.body.decode())
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "content-security-policy" in answer.headers
        assert found["sealink_requests_total", "done,m,sim,200"] == 20
        assert found["sealink_requests_total", "refused,,,404"] == 3
        assert found["sealink_failures_total", "model_not_found,,"] == 3
        assert found["gen_ai_server_time_to_first_token_seconds_count", "chat,sim,m"] == 10
        assert found["gen_ai_server_request_duration_seconds_count", "chat,sim,m"] == 20
        assert found["sealink_tokens_total", "m,sim,output"] == 100
        assert found["sealink_open_requests", ""] == 0
        assert found["sealink_target_up", "sealink/sim,sim"] == 1
        lines = re.compile(r"INFO sealink\.requests .* ended=done ")
        until(lambda: len(lines.findall(process.log)) >= 20)  # they wait for one another


def test_who_may_read_them(tmp_path: Path) -> None:
    """Without the token only this machine, and nobody for whom a proxy asks."""
    admin = free_port()
    with SealinkProcess(config("127.0.0.1"), tmp_path, {"SEALINK_ADMIN_TOKEN": "t"}, admin_port=admin) as process:
        until(lambda: "admin API: " in process.log)
        assert metrics(admin).status == 200
        assert metrics(admin, x_forwarded_for="10.0.0.1").status == 401
        assert metrics(admin, forwarded="for=10.0.0.1").status == 401
        assert metrics(admin, x_forwarded_for="10.0.0.1", authorization="Bearer t").status == 200
        assert metrics(admin, host="evil.example").status == 403
        assert get(process.port, "/metrics").status == 404


def test_on_an_address_that_others_reach_they_need_the_token(tmp_path: Path) -> None:
    admin = free_port()
    with SealinkProcess(config("0.0.0.0"), tmp_path, {"SEALINK_ADMIN_TOKEN": "t"}, admin_port=admin) as process:
        until(lambda: "admin API: " in process.log)
        assert metrics(admin).status == 401
        assert metrics(admin, authorization="Bearer t").status == 200
