"""Limits, budgets and balances of a real SeaLink, in one process and in two."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from acceptance.plain_http import PlainAnswer, post
from acceptance.sealink_process import SealinkProcess

CONFIG = """
[[providers]]
name = "sim"
dialect = "sim"
ttft_s = 0.0
tokens_per_s = 0
[[providers]]
name = "slow"
dialect = "sim"
tokens_per_s = 5
[[models]]
id = "m"
targets = [{ provider = "sim", model = "sealink/sim" }]
[[models]]
id = "slow"
targets = [{ provider = "slow", model = "sealink/sim" }]
[[models]]
id = "rare"
requests_per_day = 1
targets = [{ provider = "sim", model = "sealink/sim" }]
[[models]]
id = "unpriced"
targets = [{ provider = "mystery", model = "no-such-model" }]
[[providers]]
name = "mystery"
dialect = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key = "none"
[[prices]]
provider = "sim"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
[[teams]]
name = "two"
concurrent_streams = 2
"""
KEYS = {
    "hammered": "requests_per_minute = 400",
    "alone": "requests_per_minute = 2\nconcurrent_streams = 1",
    "anthropic": "requests_per_minute = 1\ntokens_per_minute = 5000",
    "team": 'team = "two"',
    "budget": 'budget_usd = 0.002\nbudget_period = "day"',
    "prepaid": "balance_usd = 0.002",
    "free": "",
}
TABLES = "".join(f'[[keys]]\nname = "{name}"\nkey = "sk-{name}"\n{rules}\n' for name, rules in KEYS.items())
REQUEST = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(params=[1, 2], ids=["1 process", "2 workers"])
def sealink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealinkProcess]:
    with SealinkProcess(CONFIG + TABLES, tmp_path, command=("serve", "--workers", str(request.param))) as running:
        until(lambda: "listens on" in running.log)  # all workers do
        yield running


def asked(sealink: SealinkProcess, key: str, path: str = "/v1/chat/completions", **fields: object) -> PlainAnswer:
    return post(sealink.port, path, {**REQUEST, **fields}, f"sk-{key}")


@contextmanager
def streaming(sealink: SealinkProcess, key: str) -> Iterator[int]:
    """A slow stream, and its status."""
    with closing(HTTPConnection("127.0.0.1", sealink.port, timeout=30)) as connection:
        body = json.dumps({**REQUEST, "model": "slow", "stream": True, "max_tokens": 500})
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer sk-{key}"})
        with connection.getresponse() as answer:
            yield answer.status


def code(answer: PlainAnswer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_64_clients_get_the_limit_and_not_one_more(sealink: SealinkProcess) -> None:
    admitted, refused = [], []

    def client() -> None:
        for _ in range(12):
            status = asked(sealink, "hammered").status
            (admitted if status == 200 else refused).append(status)

    clients = [threading.Thread(target=client) for _ in range(64)]
    began = time.monotonic()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    assert set(refused) == {429}
    assert len(admitted) == 400 or (time.monotonic() - began > 59 and len(admitted) > 400)


def test_a_refusal_says_when_to_try_again(sealink: SealinkProcess) -> None:
    first, second, third = (asked(sealink, "alone") for _ in range(3))
    assert (first.status, second.status, code(third)) == (200, 200, (429, "requests"))
    assert [each.headers["x-ratelimit-remaining-requests"] for each in (first, second, third)] == ["1", "0", "0"]
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert 50 < int(third.headers["retry-after"]) <= 60
    assert 50_000 < int(third.headers["retry-after-ms"]) <= 60_000
    assert third.headers["x-should-retry"] == "true"
    assert "x-ratelimit-limit-tokens" not in first.headers


def test_anthropic_clients_get_anthropic_headers(sealink: SealinkProcess) -> None:
    first, second = (asked(sealink, "anthropic", "/v1/messages") for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert second.json["error"]["type"] == "rate_limit_error"
    for each in (first, second):
        assert each.headers["anthropic-ratelimit-requests-limit"] == "1"
        assert each.headers["anthropic-ratelimit-tokens-limit"] == "5000"
        assert time.strptime(each.headers["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%SZ")


def test_streams_are_leased_and_given_back(sealink: SealinkProcess) -> None:
    """By the team, too; a client that leaves gives its lease back."""
    with streaming(sealink, "team") as first:
        with streaming(sealink, "team") as second:
            assert (first, second) == (200, 200)
            assert code(asked(sealink, "team", stream=True)) == (429, "concurrency")
            assert asked(sealink, "team").status == 200
        until(lambda: asked(sealink, "team", stream=True).status == 200)


def test_a_model_has_limits_of_its_own(sealink: SealinkProcess) -> None:
    assert asked(sealink, "free", model="rare").status == 200
    assert code(asked(sealink, "free", model="rare")) == (429, "requests_per_day")
    assert "x-ratelimit-limit-requests" not in asked(sealink, "free").headers


@pytest.mark.parametrize(("key", "error"), [("budget", "budget_exceeded"), ("prepaid", "insufficient_balance")])
def test_money_is_spent_to_its_end(sealink: SealinkProcess, key: str, error: str) -> None:
    assert code(asked(sealink, key, max_tokens=1000)) == (402, error)
    assert asked(sealink, key, max_tokens=100).status == 200  # 0.001007 USD
    refused = asked(sealink, key, max_tokens=100)
    assert code(refused) == (402, error)
    assert refused.headers["x-should-retry"] == "false"
    assert asked(sealink, key, max_tokens=90).status == 200
    assert code(asked(sealink, key, max_tokens=90)) == (402, error)
    assert code(asked(sealink, key, model="unpriced")) == (403, "price_unknown")


def test_limits_and_spending_outlive_a_restart(tmp_path: Path) -> None:
    for expected in (200, 402):
        with SealinkProcess(CONFIG + TABLES, tmp_path) as running:
            assert asked(running, "budget", max_tokens=150).status == expected
    (tmp_path / "counters").unlink()
    with SealinkProcess(CONFIG + TABLES, tmp_path) as running:
        assert asked(running, "budget", max_tokens=150).status == 402  # by the rows


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
