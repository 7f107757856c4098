"""Two real nodes with one PostgreSQL and one Redis: one limit, one budget, one set of keys.

Behind HAProxy, stopped and killed: deploy/test_compose.py.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from acceptance.hammering import CLIENTS, LONG_S, assert_kept, hammered
from acceptance.plain_http import PlainAnswer, chat_stream, get, post
from acceptance.sealink_process import SealinkProcess, free_port, simulated
from acceptance.usage_rows import settled_rows, usage_rows
from postgresql_server import PostgresqlServer
from redis_server import RedisServer
from waiting import until

TOKEN = "admin-token-of-the-tests"
LIMIT = 300
SHARED = """
[store]
url = "{store}"
[shared]
redis_url = "{redis}"
timeout_s = 10
retry_s = 0.2
"""
TABLES = f"""{simulated()}{simulated("slow", "slow", ttft_s=0.2, tokens_per_s=5)}
[[prices]]
provider = "sim"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
[[keys]]
name = "hammered"
key = "sk-hammered"
requests_per_minute = 300
[[keys]]
name = "prepaid"
key = "sk-prepaid"
balance_usd = 0.01
[[keys]]
name = "streams"
key = "sk-streams"
concurrent_streams = 2
[[keys]]
name = "patient"
key = "sk-patient"
concurrent_streams = 1
queue_s = 20
[[keys]]
name = "rare"
key = "sk-rare"
requests_per_minute = 10
"""
REQUEST = {"model": "m", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}


class Nodes(NamedTuple):
    one: SealinkProcess
    two: SealinkProcess
    admin_ports: tuple[int, int]


@contextmanager
def two_nodes(folder: Path, store: str, redis: str) -> Iterator[Nodes]:
    ports = free_port(), free_port()
    with ExitStack() as stack:
        started = []
        for name, port in zip(("one", "two"), ports, strict=True):
            (folder / name).mkdir()
            process = node(folder / name, store, redis, port)
            started.append(stack.enter_context(process))
        yield Nodes(started[0], started[1], ports)


def node(folder: Path, store: str, redis: str, admin_port: int) -> SealinkProcess:
    config = SHARED.format(store=store, redis=redis) + TABLES
    return SealinkProcess(config, folder, {"SEALINK_ADMIN_TOKEN": TOKEN}, admin_port=admin_port)


@pytest.fixture(scope="module")
def nodes(
    postgresql: PostgresqlServer, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    redis_server.clear()
    folder = tmp_path_factory.mktemp("nodes")
    with two_nodes(folder, postgresql.new_database(folder.name), redis_server.url) as started:
        yield started


def asked(node: SealinkProcess, key: str, **fields: object) -> PlainAnswer:
    return post(node.port, "/v1/chat/completions", {**REQUEST, **fields}, key if key.startswith("sk-") else f"sk-{key}")


def test_64_clients_on_two_nodes_get_the_limit_and_not_one_more(nodes: Nodes, full: bool) -> None:
    """The clients ask both nodes in turn."""
    both = nodes.one, nodes.two
    found = hammered(lambda turn: asked(both[turn % 2], "hammered").status, 10, LONG_S if full else 0.0)
    assert_kept(found, LIMIT)
    refusal = asked(nodes.two, "hammered")
    if refusal.status == 429:
        assert refusal.headers["x-ratelimit-limit-requests"] == str(LIMIT)
        assert 0 < int(refusal.headers["retry-after"]) <= 60


def test_a_balance_is_spent_to_its_end_and_no_further(nodes: Nodes) -> None:
    both = nodes.one, nodes.two
    assert {each.status for each in hammered(lambda turn: asked(both[turn % 2], "prepaid").status, 2)} == {200, 402}
    rows = [row for row in settled_rows(nodes.one.folder)[1] + usage_rows(nodes.two.folder) if row["key"] == "prepaid"]
    spent = sum({row["request_id"]: row["price_nano_usd"] or 0 for row in rows if row["ended"] == "done"}.values())
    prompts = CLIENTS * 7_000  # while they are under way they are taken for shorter than the provider counts them
    assert 0.01e9 - 0.0003e9 < spent <= 0.01e9 + prompts


def test_what_is_left_is_told_by_each_node(nodes: Nodes) -> None:
    """To the key's holder as to the operator."""
    key, operator = {"authorization": "Bearer sk-streams"}, {"authorization": f"Bearer {TOKEN}"}

    def told() -> tuple[int, int]:
        own = get(nodes.two.port, "/v1/me", key).json
        standing = get(nodes.admin_ports[1], "/admin/v1/keys/streams/standing", operator).json
        assert own["limits"] == standing["limits"] == {"concurrent_streams": 2}
        return own["remaining"]["concurrent_streams"], standing["remaining"]["concurrent_streams"]

    assert told() == (2, 2)
    with streaming(nodes.one) as status:
        assert (status, *told()) == (200, 1, 1)
    until(lambda: told() == (2, 2))


def test_a_request_waits_for_a_stream_of_the_other_node(nodes: Nodes) -> None:
    with ThreadPoolExecutor() as pool:
        with streaming(nodes.one, "sk-patient") as status:
            assert status == 200
            waiting = pool.submit(asked, nodes.two, "patient", stream=True)
            line = 'sealink_queued_requests{code="concurrency",of="key"} 1'
            until(lambda: line in get_text(nodes.admin_ports[1], "/metrics"))
        assert waiting.result().status == 200


def test_what_one_node_makes_or_revokes_is_in_force_on_the_other(nodes: Nodes, report: Callable[[str], None]) -> None:
    one, two = nodes.admin_ports
    key = post(one, "/admin/v1/keys", {"name": "new"}, TOKEN).json["key"]
    began = time.monotonic()
    until(lambda: asked(nodes.two, key).status == 200)
    made_s = time.monotonic() - began
    assert post(two, "/admin/v1/keys/new/revoke", {}, TOKEN).status == 200
    began = time.monotonic()
    until(lambda: asked(nodes.one, key).status == 401)
    report(f"nodes: a key that one makes is in force on the other after {made_s:.2f} s, one that it revokes after "
           f"{time.monotonic() - began:.2f} s")  # fmt: skip


def test_redis_away_and_back(nodes: Nodes, redis_server: RedisServer) -> None:
    assert json.loads(readiness(nodes.one)) == {"status": "ok"}
    for _ in range(4):
        assert asked(nodes.one, "rare").status == 200
    settled_rows(nodes.one.folder)
    redis_server.kill()
    try:
        for each in (nodes.one, nodes.two):
            until(lambda each=each: "Redis is away" in readiness(each))
        assert [asked(nodes.one, "rare").status for _ in range(4)] == [200, 200, 200, 429]  # half of what is left
        of_two = [asked(nodes.two, "rare").status for _ in range(4)]  # by then the other's may be in the database
        assert of_two == sorted(of_two)
        assert of_two.count(200) in (1, 2, 3)
        assert "sealink_shared_counters_up 0" in get_text(nodes.admin_ports[0], "/metrics")
        settled_rows(nodes.one.folder)
        settled_rows(nodes.two.folder)
    finally:
        redis_server.start()
    for each in (nodes.one, nodes.two):
        until(lambda each=each: json.loads(readiness(each)) == {"status": "ok"})
    assert "sealink_shared_counters_up 1" in get_text(nodes.admin_ports[0], "/metrics")
    until(lambda: asked(nodes.two, "rare").status == 429 or asked(nodes.one, "rare").status == 429)
    for each in (nodes.one, nodes.two):
        assert each.log.count("Redis is away, this node goes on with 0.5 of each limit") == 1
        assert each.log.count("Redis is back") == 1


@contextmanager
def streaming(node: SealinkProcess, key: str = "sk-streams") -> Iterator[int]:
    """A slow stream, and its status."""
    with chat_stream(node.port, {**REQUEST, "model": "slow", "max_tokens": 500}, key) as answer:
        answer.read1()
        yield answer.status


def readiness(node: SealinkProcess) -> str:
    return get_text(node.port, "/health/ready")


def get_text(port: int, path: str) -> str:
    answer = get(port, path)
    assert answer.status == 200
    return answer.body.decode()
