"""With `usage_extras` a client reads the price of its answer, in every API; without, nothing hints at it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from acceptance.plain_http import PlainAnswer, frames_of, post
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.stock_clients import readers
from acceptance.usage_rows import settled_rows
from sealink.sim import SimDialect
from sim.simulation import running_sim

PLAIN_KEY = "sk-sealink-without-prices"
BASES = {"openai": "/v1", "anthropic": "", "gemini": "", "responses": "/v1"}
KEYS = f"""\
[[keys]]
name = "told"
key = "{KEY}"
usage_extras = true

[[keys]]
name = "not told"
key = "{PLAIN_KEY}"

[[prices]]
model = "priced"
input_usd_per_mtok = 2
output_usd_per_mtok = 30
request_usd = 0.01
markup_percent = 10
"""
HELLO = [{"role": "user", "content": "Hello!"}]
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": HELLO}),
    "messages": ("/v1/messages", {"messages": HELLO, "max_tokens": 1000}),
    "responses": ("/v1/responses", {"input": HELLO}),
}


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with ExitStack() as stack:
        config = KEYS
        for dialect in get_args(SimDialect):
            url = stack.enter_context(running_sim(dialect=dialect)).url
            config += (
                f'[[providers]]\nname = "{dialect}-like"\ndialect = "{dialect}"\n'
                f'base_url = "{url}{BASES[dialect]}"\napi_key = "k"\n'
            )
            for model in ("priced", "unpriced"):
                config += (
                    f'[[models]]\nid = "{model}-{dialect}"\n'
                    f'targets = [{{ provider = "{dialect}-like", model = "{model}" }}]\n'
                )
        yield stack.enter_context(SealinkProcess(config, tmp_path_factory.mktemp("prices")))


def ask(sealink: SealinkProcess, api: str, model: str, key: str = KEY, **more: Any) -> PlainAnswer:
    path, request = REQUESTS[api]
    return post(sealink.port, path, {"model": model, **request, **more}, key)


def objects(answer: PlainAnswer) -> list[dict[str, Any]]:
    return [json.loads(data) for data in frames_of(answer.body) if data != b"[DONE]"]


def last_row(folder: Path) -> dict[str, Any]:
    return settled_rows(folder)[1][-1]


EACH_PAIR = pytest.mark.parametrize(
    ("api", "dialect"),
    [
        pytest.param(api, dialect, marks=[] if dialect in ("openai", "anthropic") else pytest.mark.full)
        for api, dialect in product(REQUESTS, get_args(SimDialect))
    ],
)


@EACH_PAIR
def test_an_answer_has_its_price(sealink: SealinkProcess, api: str, dialect: str) -> None:
    streamed = ask(sealink, api, f"priced-{dialect}", stream=True)
    *before, last = objects(streamed)
    row = last_row(sealink.folder)
    cost = 10_000_000 + row["input_tokens"] * 2000 + row["output_tokens"] * 30_000
    assert row["output_tokens"] > 0
    assert (row["cost_nano_usd"], row["price_nano_usd"]) == (cost, round(cost * 11 / 10))
    assert last["sealink"] == {"cost_usd": pytest.approx(row["price_nano_usd"] / 1e9), "ended_by": "upstream"}
    assert not any("sealink" in each for each in before)
    whole = ask(sealink, api, f"priced-{dialect}")
    row = last_row(sealink.folder)
    assert float(whole.headers["x-sealink-cost-usd"]) == pytest.approx(row["price_nano_usd"] / 1e9)


@pytest.mark.parametrize("api", REQUESTS)
def test_an_unknown_price_is_absent(sealink: SealinkProcess, api: str) -> None:
    assert objects(ask(sealink, api, "unpriced-openai", stream=True))[-1]["sealink"] == {"ended_by": "upstream"}
    assert "x-sealink-cost-usd" not in ask(sealink, api, "unpriced-openai").headers
    row = last_row(sealink.folder)
    assert row["cost_nano_usd"] is row["price_nano_usd"] is None


@pytest.mark.parametrize("api", REQUESTS)
def test_a_key_without_the_setting_is_told_nothing(sealink: SealinkProcess, api: str) -> None:
    assert b'"sealink"' not in ask(sealink, api, "priced-openai", PLAIN_KEY, stream=True).body
    assert "x-sealink-cost-usd" not in ask(sealink, api, "priced-openai", PLAIN_KEY).headers


@EACH_PAIR
def test_stock_clients_read_on(sealink: SealinkProcess, api: str, dialect: str) -> None:
    request = {"model": f"priced-{dialect}", **REQUESTS[api][1], "stream": True}
    with readers(sealink.url) as told, readers(sealink.url, PLAIN_KEY) as plain:
        assert told[api](request).choices == plain[api](request).choices
