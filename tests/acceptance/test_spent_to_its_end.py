"""64 streams at once spend one budget, or one balance, to its end: by no more than a frame each too much.

The upstream never ends an answer by itself, and ignores `max_tokens`: each stream is cut by its running meter, and
reads in its client's SDK like an answer that has reached its length.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

import anthropic
import openai
import pytest

from acceptance.flooding_upstream import FloodingUpstream, chat_frame, chunk
from acceptance.plain_http import post
from acceptance.sealink_process import SealinkProcess
from acceptance.usage_rows import settled_rows
from postgresql_server import PostgresqlServer
from redis_server import RedisServer
from waiting import until

CLIENTS: Final = 64
TOKENS: Final = 20
"""Of each stream's answer, at least as many are reserved as it begins; there is money for twice as many in all."""
PROMPT: Final = "hi"
WORD: Final = " hello"
"""One token."""
INPUT, OUTPUT = 1_000, 10_000
"""Nano-dollars for each token."""
CODES: Final = {"budget": "budget_exceeded", "prepaid": "insufficient_balance"}
HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

CONFIG: Final = """
{shared}
[[providers]]
name = "flood"
dialect = "openai"
base_url = "{upstream}/v1"
api_key = "none"
[[models]]
id = "m"
targets = [{{ provider = "flood", model = "m" }}]
[[prices]]
provider = "flood"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
[[keys]]
name = "budget"
key = "sk-budget"
usage_extras = true
budget_usd = {usd}
[[keys]]
name = "prepaid"
key = "sk-prepaid"
usage_extras = true
balance_usd = {usd}
"""
AMOUNT: Final = CLIENTS * 2 * TOKENS * OUTPUT


class Upstream:
    """Answers without end, and begins when as many streams are open as there are clients. `cut` counts the answers
    that were broken off by their reader."""

    def __init__(self) -> None:
        self.cut = 0
        self.url = ""
        self.pace_s = 0.0
        self._all_are_open = threading.Barrier(CLIENTS)
        self._lock = threading.Lock()

    def answer(self) -> Iterator[bytes]:
        self._all_are_open.wait(timeout=30)
        try:
            yield HEAD
            while True:
                yield chunk(chat_frame(WORD))
                time.sleep(self.pace_s)
        finally:
            with self._lock:
                self.cut += 1


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    with FloodingUpstream({"m": found.answer}) as flooding:
        found.url = flooding.url
        yield found


@pytest.fixture(
    scope="module",
    params=["2 workers", *(pytest.param(name, marks=pytest.mark.full) for name in ("1 process", "2 nodes"))],
)
def nodes(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[SealinkProcess]]:
    """What the clients ask, each in turn."""
    folder = tmp_path_factory.mktemp("spent")
    with ExitStack() as stack:
        if request.param == "2 nodes":
            upstream.pace_s = 0.01  # more money takes a round trip to Redis
            shared = shared_by_nodes(request, folder.name)
            config = CONFIG.format(shared=shared, upstream=upstream.url, usd=AMOUNT / 1e9)
            folders = [folder / "one", folder / "two"]
            for each in folders:
                each.mkdir()
            yield [stack.enter_context(SealinkProcess(config, each)) for each in folders]
        else:
            upstream.pace_s = 0.0
            workers = request.param[0]
            config = CONFIG.format(shared="", upstream=upstream.url, usd=AMOUNT / 1e9)
            yield [stack.enter_context(SealinkProcess(config, folder, command=("serve", "--workers", workers)))]


def shared_by_nodes(request: pytest.FixtureRequest, database: str) -> str:
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    redis: RedisServer = request.getfixturevalue("redis_server")
    redis.clear()
    store = postgresql.new_database(database)
    return f'[store]\nurl = "{store}"\n[shared]\nredis_url = "{redis.url}"\ntimeout_s = 10\n'


class Ending(NamedTuple):
    """How a stream has ended, in its client's words, and in SeaLink's own."""

    text: str
    reason: str
    tokens: int
    extras: dict[str, Any]


def by_chat(client: openai.OpenAI) -> Ending:
    messages: Any = [{"role": "user", "content": PROMPT}]
    usage: Any = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model="m", max_tokens=TOKENS, messages=messages, stream=True, stream_options=usage
        )
    )
    choices = [choice for each in chunks for choice in each.choices]
    (reason,) = [choice.finish_reason for choice in choices if choice.finish_reason]
    (tokens,) = [each.usage.completion_tokens for each in chunks if each.usage]
    text = "".join(choice.delta.content or "" for choice in choices)
    return Ending(text, reason, tokens, chunks[-1].to_dict()["sealink"])


def by_messages(client: anthropic.Anthropic) -> Ending:
    messages: Any = [{"role": "user", "content": PROMPT}]
    events: Any = list(client.messages.create(model="m", max_tokens=TOKENS, messages=messages, stream=True))
    *deltas, end = [each for each in events if each.type.endswith("_delta")]
    assert [each.type for each in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    text = "".join(each.delta.text for each in deltas)
    return Ending(text, end.delta.stop_reason, end.usage.output_tokens, events[-1].to_dict()["sealink"])


def by_responses(client: openai.OpenAI) -> Ending:
    *_, last = client.responses.create(model="m", input=PROMPT, max_output_tokens=TOKENS, stream=True)
    assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
    assert last.response.incomplete_details is not None
    assert last.response.usage is not None
    reason, tokens = last.response.incomplete_details.reason, last.response.usage.output_tokens
    return Ending(last.response.output_text, str(reason), tokens, last.to_dict()["sealink"])


@contextmanager
def client_apis(url: str, key: str) -> Iterator[dict[str, Callable[[], Ending]]]:
    """How each client API is asked, by the reason with which a stream ends there that has reached its length."""
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as of_openai,
        anthropic.Anthropic(base_url=url, api_key=key, max_retries=0) as of_anthropic,
    ):
        yield {
            "length": lambda: by_chat(of_openai),
            "max_tokens": lambda: by_messages(of_anthropic),
            "max_output_tokens": lambda: by_responses(of_openai),
        }


@pytest.mark.parametrize("key", CODES)
def test_64_streams_spend_what_there_is_and_a_frame_each_at_most(
    nodes: list[SealinkProcess], upstream: Upstream, key: str, report: Callable[[str], None]
) -> None:
    before = upstream.cut
    with ExitStack() as stack, ThreadPoolExecutor(CLIENTS) as pool:
        apis = [stack.enter_context(client_apis(node.url, f"sk-{key}")) for node in nodes]
        asked = [[*apis[number % len(nodes)].items()][number % 3] for number in range(CLIENTS)]
        endings = [*pool.map(lambda each: each[1](), asked)]
    assert [ending.reason for ending in endings] == [reason for reason, _ in asked]
    for ending in endings:
        assert ending.text == WORD * ending.tokens
        assert (ending.extras["ended_by"], ending.extras["code"]) == ("sealink", CODES[key])
    until(lambda: upstream.cut == before + CLIENTS)

    rows = [row for node in nodes for row in settled_rows(node.folder)[1]]
    rows = [*{row["request_id"]: row for row in rows if row["key"] == key}.values()]
    assert len(rows) == CLIENTS
    assert {(row["ended"], row["ended_by"], row["code"]) for row in rows} == {("done", "sealink", CODES[key])}
    assert sorted(row["output_tokens"] for row in rows) == sorted(ending.tokens for ending in endings)
    spent = sum(row["price_nano_usd"] for row in rows)
    prices = sorted(round(float(ending.extras["cost_usd"]) * 1e9) for ending in endings)
    assert prices == sorted(row["price_nano_usd"] for row in rows)
    report(f"{key} of {AMOUNT / 1e9} USD: 64 streams have spent {spent / 1e9}, {(spent - AMOUNT) / OUTPUT:+.1f} tokens")
    assert AMOUNT - CLIENTS * OUTPUT < spent <= AMOUNT + CLIENTS * OUTPUT

    request = {"model": "m", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 1}
    refused = post(nodes[0].port, "/v1/chat/completions", request, f"sk-{key}")
    assert (refused.status, refused.json["error"]["code"]) == (402, CODES[key])
