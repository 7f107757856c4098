"""Limits, budgets and balances of a real SeaLink, in one process and in two."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path

import anthropic
import openai
import pytest

import sealink_command
import waiting
from acceptance.hammering import LONG_S, assert_kept, hammered
from acceptance.plain_http import PlainAnswer, chat_stream, post
from acceptance.sealink_process import SealinkProcess, simulated
from acceptance.usage_rows import settled_rows

CONFIG = f"""{simulated()}{simulated("slow", "slow", ttft_s=0.2, tokens_per_s=5)}
[[models]]
id = "rare"
requests_per_day = 1
targets = [{{ provider = "sim", model = "sealink/sim" }}]
[[models]]
id = "unpriced"
targets = [{{ provider = "mystery", model = "no-such-model" }}]
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
    "budget": 'budget_usd = 0.002\nbudget_period = "day"\nusage_extras = true',
    "prepaid": "balance_usd = 0.002",
    "free": "",
}
TABLES = "".join(f'[[keys]]\nname = "{name}"\nkey = "sk-{name}"\n{rules}\n' for name, rules in KEYS.items())
REQUEST = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
until = partial(waiting.until, within_s=10)


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[SealinkProcess]:
    with SealinkProcess(CONFIG + TABLES, folder, command=("serve", "--workers", str(workers))) as running:
        until(lambda: "listens on" in running.log)  # all workers do
        yield running


@pytest.fixture(scope="module", params=[1, 2], ids=["1 process", "2 workers"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    """One for all tests that each ask with keys, or for models, of their own."""
    with serving(tmp_path_factory.mktemp("limits"), request.param) as running:
        yield running


@pytest.fixture
def sealink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealinkProcess]:
    with serving(tmp_path, request.param) as running:
        yield running


def asked(sealink: SealinkProcess, key: str, path: str = "/v1/chat/completions", **fields: object) -> PlainAnswer:
    return post(sealink.port, path, {**REQUEST, **fields}, f"sk-{key}")


@contextmanager
def streaming(sealink: SealinkProcess, key: str) -> Iterator[int]:
    """A slow stream, and its status."""
    with chat_stream(sealink.port, {**REQUEST, "model": "slow", "max_tokens": 500}, f"sk-{key}") as answer:
        yield answer.status


def code(answer: PlainAnswer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_64_clients_get_the_limit_and_not_one_more(shared: SealinkProcess, full: bool) -> None:
    found = hammered(lambda _: asked(shared, "hammered").status, 12, LONG_S if full else 0.0)
    assert_kept(found, 400)


def test_a_refusal_says_when_to_try_again(shared: SealinkProcess) -> None:
    first, second, third = (asked(shared, "alone") for _ in range(3))
    assert (first.status, second.status, code(third)) == (200, 200, (429, "requests"))
    assert [each.headers["x-ratelimit-remaining-requests"] for each in (first, second, third)] == ["1", "0", "0"]
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert 50 < int(third.headers["retry-after"]) <= 60
    assert 50_000 < int(third.headers["retry-after-ms"]) <= 60_000
    assert third.headers["x-should-retry"] == "true"
    assert "x-ratelimit-limit-tokens" not in first.headers


def test_anthropic_clients_get_anthropic_headers(shared: SealinkProcess) -> None:
    first, second = (asked(shared, "anthropic", "/v1/messages") for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert second.json["error"]["type"] == "rate_limit_error"
    for each in (first, second):
        assert each.headers["anthropic-ratelimit-requests-limit"] == "1"
        assert each.headers["anthropic-ratelimit-tokens-limit"] == "5000"
        assert time.strptime(each.headers["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%SZ")


def test_streams_are_leased_and_given_back(shared: SealinkProcess) -> None:
    """By the team, too; a client that leaves gives its lease back."""
    with streaming(shared, "team") as first:
        with streaming(shared, "team") as second:
            assert (first, second) == (200, 200)
            assert code(asked(shared, "team", stream=True)) == (429, "concurrency")
            assert asked(shared, "team").status == 200
        until(lambda: asked(shared, "team", stream=True).status == 200)


@pytest.mark.parametrize("sealink", [2], indirect=True)
def test_a_killed_worker_gives_its_streams_back(sealink: SealinkProcess) -> None:
    with streaming(sealink, "team") as first, streaming(sealink, "team") as second:
        assert (first, second) == (200, 200)
        for worker in Path(f"/proc/{sealink.pid}/task/{sealink.pid}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{worker}/cmdline").read_bytes():
                os.kill(int(worker), signal.SIGKILL)
        until(lambda: answers(lambda: asked(sealink, "team", stream=True).status == 200))


def answers(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (OSError, HTTPException):  # no worker listens yet
        return False


def test_a_model_has_limits_of_its_own(shared: SealinkProcess) -> None:
    assert asked(shared, "free", model="rare").status == 200
    assert code(asked(shared, "free", model="rare")) == (429, "requests_per_day")
    assert "x-ratelimit-limit-requests" not in asked(shared, "free").headers


@pytest.mark.parametrize(("key", "error"), [("budget", "budget_exceeded"), ("prepaid", "insufficient_balance")])
def test_money_is_spent_to_its_end(shared: SealinkProcess, key: str, error: str) -> None:
    assert code(asked(shared, key, max_tokens=1000)) == (402, error)
    assert asked(shared, key, max_tokens=100).status == 200  # 0.001007 USD
    refused = asked(shared, key, max_tokens=100)
    assert code(refused) == (402, error)
    assert refused.headers["x-should-retry"] == "false"
    assert asked(shared, key, max_tokens=90).status == 200
    assert code(asked(shared, key, max_tokens=90)) == (402, error)
    assert code(asked(shared, key, model="unpriced")) == (403, "price_unknown")


@pytest.mark.parametrize("sealink", [1], indirect=True)
def test_a_stream_is_cut_when_the_money_is_gone(sealink: SealinkProcess) -> None:
    answer = asked(sealink, "budget", stream=True, max_tokens=1000, stream_options={"include_usage": True})
    chunks = [json.loads(line[6:]) for line in answer.body.decode().split("\n\n") if line.startswith("data: {")]
    finished = [chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["finish_reason"]]
    assert [chunk["choices"][0]["finish_reason"] for chunk in finished] == ["length"]
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (chunks[-1]["sealink"]["ended_by"], chunks[-1]["sealink"]["code"]) == ("sealink", "budget_exceeded")
    assert 190 <= chunks[-2]["usage"]["completion_tokens"] <= 201
    assert code(asked(sealink, "budget")) == (402, "budget_exceeded")
    _, rows = settled_rows(sealink.folder)
    assert (rows[0]["ended"], rows[0]["ended_by"], rows[0]["code"]) == ("done", "sealink", "budget_exceeded")


@pytest.mark.parametrize("sealink", [1], indirect=True)
def test_sdks_read_a_cut_stream_to_its_end(sealink: SealinkProcess) -> None:
    base, key, prompt = f"{sealink.url}/v1", "sk-prepaid", [{"role": "user", "content": "hi"}]
    with (
        anthropic.Anthropic(base_url=sealink.url, api_key="sk-budget", max_retries=0) as messages,
        messages.messages.stream(model="m", max_tokens=1000, messages=prompt) as stream,
    ):
        message = stream.get_final_message()
    assert message.stop_reason == "max_tokens"
    assert len(message.content[0].text) > 100
    with openai.OpenAI(base_url=base, api_key=key, max_retries=0) as client:
        with client.responses.stream(model="m", input="hi", max_output_tokens=1000) as events:
            for event in events:
                last = event
        assert last.type == "response.incomplete"
        assert last.response.incomplete_details.reason == "max_output_tokens"
        assert len(last.response.output_text) > 100
        with pytest.raises(openai.APIStatusError) as refused:
            client.chat.completions.create(model="m", messages=prompt)
        assert refused.value.code == "insufficient_balance"


@pytest.mark.parametrize("sealink", [2], indirect=True)
def test_a_balance_is_topped_up(sealink: SealinkProcess) -> None:
    """That of a key of the config file, while workers run."""
    assert code(asked(sealink, "prepaid", max_tokens=1000)) == (402, "insufficient_balance")
    pay = "keys", "update", "prepaid", "--add-balance-usd", "0.02", "--config", "sealink.toml"
    sealink_command.run(pay, cwd=sealink.folder, check=True)
    until(lambda: asked(sealink, "prepaid", max_tokens=1000).status == 200)
    until(lambda: asked(sealink, "prepaid", max_tokens=1000).status == 402)


def test_limits_and_spending_outlive_a_restart(tmp_path: Path) -> None:
    for expected in (200, 402):
        with SealinkProcess(CONFIG + TABLES, tmp_path) as running:
            assert asked(running, "budget", max_tokens=150).status == expected
    (tmp_path / "counters").unlink()
    with SealinkProcess(CONFIG + TABLES, tmp_path) as running:
        assert asked(running, "budget", max_tokens=150).status == 402  # by the rows
