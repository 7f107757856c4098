"""deploy/compose.yaml: two nodes with PostgreSQL, Valkey and HAProxy. The file is checked against what the Compose
Specification says of what it uses; its commands, configs and health checks run as processes, for there is no container
engine.

What happens when a part is away, and that the nodes can be restarted one after the other, is said in
docs/deployment.md and shown here; Redis away and back in acceptance/test_two_nodes.py.
"""

import asyncio
import json
import os
import re
import signal
import socket
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any

import jsonschema
import pytest
import yaml

from acceptance.plain_http import chat_request, chat_stream, get, post, post_chat
from acceptance.restarting import SECRET, Asking
from acceptance.sealink_process import simulated
from deploy.compose_schema import SCHEMA
from deploy.composed import COMPOSE, CONFIG, DATA, DEPLOY, HAPROXY_CONFIG, NODES, SECRETS, Composed, mounted, services
from deploy.test_packaging import instruction
from sealink.limits.nodes.batch import MOST_TIMES
from waiting import until

STREAMS, TOKENS = 4, 60
PLAIN = SECRETS["SEALINK_API_KEY"]
PRICE = 7_000 + 2 * 10_000
"""Of CHAT, in billionths of a dollar."""
PRICES = "".join(
    f'[[prices]]\nprovider = "{name}"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 10.0\n'
    for name in ("sim", "slow", "silent")
)
TABLES = f"""
{simulated()}{simulated("slow", "slow", tokens_per_s=10)}{simulated("silent", "silent", ttft_s=3600)}{PRICES}
[[keys]]
name = "plain"
key = "{PLAIN}"
[[keys]]
name = "rolled"
key = "{SECRET}"
requests_per_day = 100000
budget_usd = 1000.0
[[keys]]
name = "streams"
key = "sk-streams"
concurrent_streams = 2
"""
CHAT = {"model": "m", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**CHAT, "model": "slow", "max_tokens": TOKENS, "stream": True}


def seconds(text: str) -> int:
    assert re.fullmatch(r"\d+s", text)
    return int(text[:-1])


def test_compose_files_are_as_the_specification_has_them() -> None:
    for path in (COMPOSE, DEPLOY / "compose-single.yaml"):
        jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


def test_what_the_file_names_is_there() -> None:
    file = yaml.safe_load(COMPOSE.read_text())
    used = {"volumes": set[str](), "networks": set[str]()}
    for service in file["services"].values():
        assert set(service.get("depends_on", ())) <= file["services"].keys()
        used["networks"] |= set(service["networks"])
        for source, _, *mode in (volume.split(":") for volume in service["volumes"]):
            if source.startswith("."):
                assert (DEPLOY / source).is_file()
                assert mode == ["ro"]
            else:
                assert source not in used["volumes"]  # each has its own
                used["volumes"].add(source)
    assert {kind: file[kind].keys() for kind in used} == used


def test_every_service_is_shut_in_and_no_secret_stands_in_the_file() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
    for secret in SECRETS:
        with pytest.raises(KeyError, match=secret):
            services({name: "x" for name in SECRETS if name != secret})
    assert not set(services()["valkey"]) & {"ports", "environment"}
    assert yaml.safe_load(COMPOSE.read_text())["networks"]["stores"] == {"internal": True}
    assert [service["networks"] for name, service in services().items() if name not in NODES] == [
        ["public"], ["stores"], ["stores"],
    ]  # fmt: skip


def test_who_is_told_to_stop_has_the_time_that_it_takes() -> None:
    for name in NODES:
        node = services()[name]
        server = tomllib.loads(mounted(node, CONFIG))["server"]
        assert node["command"] == json.loads(instruction("CMD"))
        assert server["data_dir"] == DATA
        assert f"{name}:{DATA}" in node["volumes"]
        assert seconds(node["stop_grace_period"]) > server["drain_notice_s"] + server["drain_s"]
        haproxy = services()["haproxy"]
        config = mounted(haproxy, HAPROXY_CONFIG)
        (every_s, hard_stop_s) = re.findall(r" (?:inter|hard-stop-after) (\d+)s", config)[::-1]
        assert server["drain_notice_s"] > 2 * int(every_s)
        assert seconds(haproxy["stop_grace_period"]) > int(hard_stop_s) > server["drain_s"]


def test_haproxy_is_told_what_its_page_says() -> None:
    """acceptance/test_proxies.py has `sealink doctor` look through what stands there."""
    page = (DEPLOY.parent / "docs" / "proxies" / "haproxy.md").read_text().partition("## For streams")[2]
    (block,) = re.findall(r"```haproxy\n(.*?)```", page, re.DOTALL)
    told = {line.partition("#")[0].strip() for line in (DEPLOY / "compose" / "haproxy.cfg").read_text().splitlines()}
    asked = {line.partition("#")[0].strip() for line in block.partition("frontend")[0].splitlines()}
    assert asked - told == set()


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    running = Composed(tmp_path_factory.mktemp("composed"), TABLES)
    try:
        running.start()
        yield running
    finally:
        running.remove()


@contextmanager
def streaming(composed: Composed, node: str) -> Iterator[list[HTTPResponse]]:
    """Streams through HAProxy, whose answers have begun, one at least from this node."""
    with ExitStack() as open_streams:
        answers: list[HTTPResponse] = []
        while len(answers) < STREAMS or not composed.open_streams(node):
            answers.append(open_streams.enter_context(chat_stream(composed.port, STREAM, SECRET)))
        yield answers


def assert_whole(answer: HTTPResponse) -> None:
    body = answer.read().decode()
    chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    assert answer.status == 200
    assert body.endswith("data: [DONE]\n\n")
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks].count("length") == 1
    assert len(chunks) >= TOKENS


def test_every_part_is_well_and_both_nodes_answer(composed: Composed) -> None:
    until(lambda: all(composed.is_healthy(name) for name in composed.services))
    for _ in range(2):
        assert post_chat(composed.port, CHAT, PLAIN).status == 200
    assert [int(row["stot"]) for row in composed.statistics() if row["svname"] in NODES] == [1, 1]


def test_a_client_that_leaves_before_its_answer_begins_is_noticed(composed: Composed) -> None:
    with socket.create_connection(("127.0.0.1", composed.port)) as client:
        client.sendall(chat_request({**STREAM, "model": "silent"}, SECRET))
        until(lambda: sum(composed.open_streams(name) for name in NODES))
    until(lambda: ended(composed, "rolled") == ["client_gone"])


def test_without_postgresql_requests_go_on_and_have_their_rows_later(composed: Composed) -> None:
    """Those of a node that is restarted meanwhile, too; but it does not know the keys that PostgreSQL has."""
    one, two = composed.nodes.values()
    token = SECRETS["SEALINK_ADMIN_TOKEN"]
    key = post(composed.admin[NODES[0]], "/admin/v1/keys", {"name": "made"}, token).json["key"]
    until(lambda: {get(port, "/v1/me", {"authorization": f"Bearer {key}"}).status for port in (one, two)} == {200})
    composed.postgresql.stop()
    try:
        made = [post_chat(port, CHAT, key) for port in (one, two)]
        composed.stop_node(NODES[0])
        composed.start_node(NODES[0])
        plain = post_chat(one, CHAT, PLAIN)
        refused = post_chat(one, CHAT, key)
        assert (refused.status, refused.json["error"]["code"]) == (503, "store_unavailable")
        made.append(post_chat(two, CHAT, key))
        assert {answer.status for answer in (*made, plain)} == {200}
        until(lambda: composed.up() == set(NODES))
    finally:
        composed.postgresql.start()
    until(lambda: get(one, "/v1/me", {"authorization": f"Bearer {key}"}).status == 200)
    until(lambda: request_ids(composed.rows("made")) == {answer.headers["x-request-id"] for answer in made})
    until(lambda: plain.headers["x-request-id"] in request_ids(composed.rows("plain")))


def request_ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["request_id"] for row in rows}


def test_a_killed_node_keeps_no_request_from_the_other(composed: Composed, report: Callable[[str], None]) -> None:
    """What it held of limits is free in time, and its rows are there when it is back."""
    one, two = NODES
    long, short = {**STREAM, "max_tokens": 1000}, {**STREAM, "max_tokens": 1}
    with ThreadPoolExecutor(2) as pool:
        broken = [pool.submit(post_chat, composed.nodes[one], long, "sk-streams") for _ in range(2)]
        until(lambda: composed.open_streams(one) == 2)
        assert post_chat(composed.nodes[two], short, "sk-streams").status == 429
        composed.running[one].kill()
        killed_at = time.monotonic()
        assert {post_chat(composed.port, CHAT, PLAIN).status for _ in range(20)} == {200}
        assert all(each.exception() for each in broken)
    free = killed_at + 10 - time.monotonic()
    until(lambda: post_chat(composed.nodes[two], short, "sk-streams").status == 200, within_s=free)
    report(f"compose: the streams of a killed node are free after {time.monotonic() - killed_at:.1f} s")
    composed.start_node(one)
    until(lambda: composed.up() == set(NODES))
    until(lambda: ended(composed, "streams") == ["killed", "killed", "done"])


def ended(composed: Composed, key: str) -> list[str]:
    """How the requests of a key ended, but for those that a limit refused."""
    return [row["ended"] for row in composed.rows(key) if row["ended"] != "refused"]


@pytest.mark.timeout(600)
def test_no_request_fails_while_the_nodes_are_restarted(
    composed: Composed, full: bool, report: Callable[[str], None]
) -> None:
    """One after the other, under load, with streams open at each. HAProxy need not even try a request again: it was
    told in time. A busy node, here one that stands still for longer than the time between two checks, is not taken for
    a dead one."""
    restarts = (NODES, NODES[::-1]) * 3 if full else (NODES,)
    asking, streams = Asking(composed.port, per_s=40 if full else 20), list[HTTPResponse]()
    counted, before = tried_again(composed), len(composed.rows("rolled"))

    def restart() -> None:
        for one, other in restarts:
            with streaming(composed, one) as answers:
                streams.extend(answers)
                composed.stop_node(one)
                stand_still(composed.running[other].process.pid)
                composed.start_node(one)
                until(lambda: composed.up() == set(NODES))
                for each in answers:
                    assert_whole(each)

    asyncio.run(asking.while_(restart))
    assert set(asking.outcomes) == {"200"}, asking.outcomes
    assert tried_again(composed) == counted
    answered = asking.outcomes["200"] + len(streams)
    until(lambda: len(composed.rows("rolled")) == before + answered)
    rows = composed.rows("rolled")
    assert {row["ended"] for row in rows[before:]} == {"done"}
    spent = sum(row["price_nano_usd"] for row in rows)
    for number, port in enumerate(composed.nodes.values(), 1):
        answer, left = post_chat(port, CHAT, SECRET), 100_000 - len(rows) - number
        assert left - MOST_TIMES < int(answer.headers["x-ratelimit-remaining-requests"]) <= left  # some may be ahead
        until(lambda port=port, total=spent + number * PRICE: spent_nano(port) == total)
        until(lambda port=port, left=left: requests_left(port) == left)
    report(f"compose: {answered} requests during {len(restarts)} restarts of a node, none failed")


def requests_left(port: int) -> int:
    """Of those of the day."""
    told = get(port, "/v1/me", {"authorization": f"Bearer {SECRET}"}).json
    return int(told["remaining"]["requests_per_day"])


def spent_nano(port: int) -> int:
    budget = get(port, "/v1/me", {"authorization": f"Bearer {SECRET}"}).json["budget"]
    return round(budget["spent_usd"] * 1e9)


def stand_still(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(pid, signal.SIGCONT)


def tried_again(composed: Composed) -> list[list[str]]:
    """For each node: how often a request was sent again, to it or to the other, and connecting or an answer failed."""
    return [[row[name] for name in ("svname", "wretr", "wredis", "econ", "eresp")] for row in composed.statistics()]


def test_haproxy_stops_when_its_streams_have_ended(composed: Composed) -> None:
    with streaming(composed, NODES[0]) as answers:
        composed.tell_haproxy(composed.services["haproxy"]["stop_signal"])
        until(lambda: not composed.is_healthy("haproxy"))
        for each in answers:
            assert_whole(each)
    composed.wait_for_haproxy()
    composed.start_haproxy()


def test_without_haproxy_streams_end_as_those_of_clients_that_left(composed: Composed) -> None:
    until(lambda: composed.up() == set(NODES))
    before = ended(composed, "rolled").count("client_gone")
    with streaming(composed, NODES[0]) as answers:
        composed.tell_haproxy("SIGTERM")
        composed.wait_for_haproxy()
        for each in answers:
            with pytest.raises((HTTPException, ConnectionError)):
                each.read()
    until(lambda: ended(composed, "rolled").count("client_gone") == before + len(answers))
    composed.start_haproxy()
    assert post_chat(composed.port, CHAT, PLAIN).status == 200
