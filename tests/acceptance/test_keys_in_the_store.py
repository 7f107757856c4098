"""Keys that are made, rotated and revoked while SeaLink runs: in force within a second, in every process."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

import sealink_command
from acceptance.sealink_process import SealinkProcess, simulated
from postgresql_server import PostgresqlServer

CONFIG = f"""
[server]
port = 0
{simulated("sealink/sim")}{simulated("sealink/slow", "slow", tokens_per_s=5)}
[[keys]]
name = "file"
key = "sk-of-the-file"
models = ["sealink/*"]
"""
IN_FORCE_S = 1.0
"""Within this time a change is to be in force."""
PATIENCE_S = 20.0


def sealink(folder: Path, *arguments: str) -> str:
    """What the command prints; it must end well."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = sealink_command.run([*arguments, "--config", "sealink.toml"], cwd=folder, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def made(folder: Path, *arguments: str) -> str:
    """The secret of a new key: the last line."""
    return sealink(folder, "keys", *arguments).splitlines()[-1]


def rows_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in sealink(folder, "usage", "rows", "--json").splitlines()]


def asked(port: int, secret: str, *, path: str = "/v1/chat/completions", **more: object) -> HTTPResponse:
    """A request on a connection of its own, so that any worker may get it."""
    body = {"model": "sealink/sim", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2, **more}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", path, json.dumps(body), {"authorization": f"Bearer {secret}", "connection": "close"})
    return connection.getresponse()


def status_of(port: int, secret: str) -> int:
    with asked(port, secret) as answer:
        answer.read()
        return answer.status


def secrets_in(folder: Path) -> set[str]:
    """What no log may have: how secrets begin, and what the store keeps of them."""
    with closing(sqlite3.connect(folder / "sealink.db")) as store:
        kept = store.execute("SELECT digest FROM key_secrets UNION SELECT secret FROM access_state").fetchall()
    assert len(kept) > 1
    return {"sk-", *(text for (text,) in kept)}


def in_force_after_s(is_so: Callable[[], bool]) -> float:
    """How long it takes until something is so, asking again and again."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    return time.monotonic() - began


def all_answer(port: int, secret: str, status: int, *, times: int = 12) -> bool:
    """Whether every worker answers with this status: of so many connections each gets some."""
    return all(status_of(port, secret) == status for _ in range(times))


def serving_in(folder: Path, workers: int, tables: str = "") -> SealinkProcess:
    """SeaLink in `workers` processes, with everything in its log."""
    text = f'{CONFIG}\n{tables}\n[log]\nlevel = "debug"\n'
    return SealinkProcess(text, folder, command=("serve", "--workers", str(workers)))


@pytest.fixture(params=[1, 2], ids=["1 process", "2 workers"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealinkProcess]:
    with serving_in(tmp_path, request.param) as running:
        yield running
        assert not [line for line in running.log.splitlines() if any(each in line for each in secrets_in(tmp_path))]


def test_a_key_is_made_used_rotated_and_revoked(serving: SealinkProcess) -> None:
    folder, port = serving.folder, serving.port
    secret = made(folder, "create", "dev", "--models", "sealink/*")
    assert secret.startswith("sk-sealink-")
    in_force_after_s(lambda: all_answer(port, secret, 200))

    other = made(folder, "rotate", "dev", "--overlap-s", "600")
    in_force_after_s(lambda: all_answer(port, other, 200))
    assert all_answer(port, secret, 200)  # while they overlap

    third = made(folder, "rotate", "dev")
    in_force_after_s(lambda: all_answer(port, third, 200))
    in_force_after_s(lambda: all_answer(port, other, 401))

    sealink(folder, "keys", "revoke", "dev")
    in_force_after_s(lambda: all_answer(port, third, 401))
    with asked(port, third) as answer:
        error = json.load(answer)["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert "'dev' was revoked" in error["message"]


def test_a_revocation_is_in_force_within_a_second(tmp_path: Path) -> None:
    with serving_in(tmp_path, 1) as running:
        secret = made(tmp_path, "create", "dev")
        in_force_after_s(lambda: status_of(running.port, secret) == 200)
        sealink(tmp_path, "keys", "revoke", "dev")
        assert in_force_after_s(lambda: status_of(running.port, secret) == 401) < IN_FORCE_S


@pytest.mark.parametrize("of", ["key", "team"])
def test_a_revocation_ends_open_streams_if_asked(serving: SealinkProcess, of: str) -> None:
    folder, port = serving.folder, serving.port
    sealink(folder, "teams", "create", "research")
    secret, other = made(folder, "create", "dev", "--team", "research"), made(folder, "create", "other")
    in_force_after_s(lambda: all_answer(port, secret, 200) and all_answer(port, other, 200))
    long = {"model": "sealink/slow", "max_tokens": 100_000, "stream": True}
    streams = [asked(port, secret, **long) for _ in range(4)]
    others = asked(port, other, **long)
    for stream in [*streams, others]:
        assert stream.readline().startswith(b"data: {")
    sealink(folder, *(("keys", "revoke", "dev") if of == "key" else ("teams", "revoke", "research")), "--end-streams")
    for stream in streams:
        *_, last = [line for line in stream.read().split(b"\n\n") if line]
        error = json.loads(last.removeprefix(b"data: "))["error"]
        assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
        assert "'dev' was revoked" in error["message"]
    assert others.readline() is not None
    others.close()


def test_a_revocation_alone_lets_open_streams_go_on(tmp_path: Path) -> None:
    with serving_in(tmp_path, 1) as running:
        secret = made(tmp_path, "create", "dev")
        in_force_after_s(lambda: status_of(running.port, secret) == 200)
        stream = asked(running.port, secret, model="sealink/slow", max_tokens=20, stream=True)
        assert stream.readline().startswith(b"data: {")
        sealink(tmp_path, "keys", "revoke", "dev")
        in_force_after_s(lambda: status_of(running.port, secret) == 401)
        assert stream.read().endswith(b"data: [DONE]\n\n")


def test_a_whole_answer_that_is_awaited_is_ended_too(tmp_path: Path) -> None:
    with serving_in(tmp_path, 1) as running:
        secret = made(tmp_path, "create", "dev")
        in_force_after_s(lambda: status_of(running.port, secret) == 200)
        with ThreadPoolExecutor(1) as pool:
            awaited = pool.submit(asked, running.port, secret, model="sealink/slow", max_tokens=100_000)
            in_force_after_s(lambda: json.loads(sealink(tmp_path, "usage", "--json"))["open"] == 1)
            sealink(tmp_path, "keys", "revoke", "dev", "--end-streams")
            assert awaited.result(PATIENCE_S).status == 401
        in_force_after_s(
            lambda: [row["ended"] for row in rows_of(tmp_path) if row["code"] == "key_revoked"] == ["stopped"]
        )


def test_where_and_for_what_a_key_may_be_used(tmp_path: Path) -> None:
    with serving_in(tmp_path, 1) as running:
        keys = {
            "here": made(tmp_path, "create", "here", "--allowed-networks", "127.0.0.0/8,::1"),
            "elsewhere": made(tmp_path, "create", "elsewhere", "--allowed-networks", "10.0.0.0/8"),
            "messages": made(tmp_path, "create", "messages", "--endpoints", "/v1/messages,/v1/models*"),
            "expired": made(tmp_path, "create", "expired", "--expires", "2020-01-01"),
            "other model": made(tmp_path, "create", "other model", "--models", "gpt-*"),
        }
        in_force_after_s(lambda: status_of(running.port, keys["other model"]) == 403)
        found = {}
        for name, secret in keys.items():
            with asked(running.port, secret) as answer:
                found[name] = answer.status, json.load(answer).get("error", {}).get("code")
        assert found == {
            "here": (200, None),
            "elsewhere": (403, "network_not_allowed"),
            "messages": (403, "endpoint_not_allowed"),
            "expired": (401, "invalid_api_key"),
            "other model": (403, "model_not_allowed"),
        }
        with asked(running.port, keys["messages"], path="/v1/messages") as answer:
            assert answer.status == 200
        in_force_after_s(lambda: len(rows_of(tmp_path)) >= 6)
        codes = {row["key"]: row["code"] for row in rows_of(tmp_path) if row["ended"] == "refused"}
        assert codes == {
            "elsewhere": "network_not_allowed",
            "messages": "endpoint_not_allowed",
            "other model": "model_not_allowed",
        }


def test_two_nodes_share_the_keys_of_a_postgresql_store(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    table = f'[store]\nurl = "{postgresql.new_database("two_nodes")}"\n'
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with serving_in(folders[0], 1, table) as one, serving_in(folders[1], 1, table) as two:
        secret = made(folders[0], "create", "dev")
        in_force_after_s(lambda: status_of(one.port, secret) == status_of(two.port, secret) == 200)
        postgresql.stop()
        try:
            in_force_after_s(lambda: "the store cannot be read" in one.log)
            assert status_of(one.port, secret) == 200  # it goes on with what it knows
        finally:
            postgresql.start()
        in_force_after_s(lambda: "the store can be read again" in one.log)
        sealink(folders[1], "keys", "revoke", "dev")
        in_force_after_s(lambda: status_of(one.port, secret) == status_of(two.port, secret) == 401)


def test_keys_outlive_a_restart_and_are_in_force_from_the_first_request_on(tmp_path: Path) -> None:
    secret = made(tmp_path_with(tmp_path), "create", "dev")
    for _ in range(2):
        with serving_in(tmp_path, 1) as running:
            assert status_of(running.port, secret) == 200


def tmp_path_with(folder: Path) -> Path:
    """A folder with the config, in which no server has run."""
    (folder / "sealink.toml").write_text(CONFIG)
    return folder
