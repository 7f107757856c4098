"""Whatever is done to keys, streams and processes, in whatever order: what the rows say was spent is what is counted of
budgets and balances, and what the upstream has sent.

Keys are made, rotated, revoked and paid for; requests end, are cut by their money, are left by their clients, or are
open while SeaLink is killed. It runs as a real process, with the counters of one machine or with those in Redis, which
goes away and comes back.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from acceptance.accounts_upstream import AccountsUpstream, Kind
from acceptance.made_streams import PROMPT_TOKENS
from acceptance.plain_http import PATIENCE_S, PlainAnswer, get, post
from acceptance.sealink_process import SealinkProcess, free_port
from acceptance.usage_rows import Row
from postgresql_server import PostgresqlServer
from redis_server import RedisServer
from replay import ReplayingUpstream
from sealink.limits.counters import Counters
from sealink.limits.subjects import Subject
from sealink.policy.limits import UsageLimits
from waiting import until

INPUT, OUTPUT = 1_000, 10_000
"""Nano-dollars for each token."""
TOKEN: Final = "admin-token-of-the-tests"
TEAM: Final = "research"
SENT_MOST: Final = 60
"""Tokens of one answer."""
STEPS, STEPS_IN_FULL, STEPS_IN_FULL_WITH_REDIS = 60, 7_000, 3_000
RESTARTS_AFTER, CHECKED_AFTER = 25, 10
"""So many steps are between two starts of SeaLink, which take long, and between two looks at all accounts."""
CONFIG: Final = """
{store}
{shared}
[[providers]]
name = "fake"
dialect = "openai"
base_url = "{upstream}/v1"
api_key = "none"
[[models]]
id = "m"
targets = [{{ provider = "fake", model = "m" }}]
[[prices]]
provider = "fake"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
[[teams]]
name = "research"
budget_usd = 1000.0
"""


class AccountsMachine(RuleBasedStateMachine):
    """One folder, its SeaLink, and who uses it."""

    redis: ClassVar[RedisServer | None] = None
    new_store: ClassVar[Any] = None

    keys = Bundle("keys")

    @initialize(target=keys)
    def begin(self) -> MultipleResults[str]:
        """Two keys are there from the beginning: one that is soon spent, and one that is not."""
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="sealink-accounts-")))
        self.accounts = AccountsUpstream()
        self.upstream = self.stack.enter_context(ReplayingUpstream(self.accounts.answer))
        store, shared = "", ""
        if self.redis is not None:
            self.redis.clear()
            store = f'[store]\nurl = "{self.new_store(self.folder.name)}"'
            shared = f'[shared]\nredis_url = "{self.redis.url}"\nretry_s = 0.1\nlocal_share = 1.0'
        self.config = CONFIG.format(store=store, shared=shared, upstream=self.upstream.url)
        self.names = 0
        self.requests = 0
        self.secrets: dict[str, str] = {}
        self.open: list[tuple[HTTPConnection, HTTPResponse]] = []
        self.prepaid: set[str] = set()
        self.redis_is_away = False
        self.steps = self.unchecked = 0
        self.start()
        return multiple(self.make(0.0005, 0.0002), self.make(1.0, None))

    def start(self) -> None:
        self.sealink = SealinkProcess(self.config, self.folder, {"SEALINK_ADMIN_TOKEN": TOKEN}, admin_port=free_port())
        self.sealink.__enter__()
        until(lambda: "admin API: " in self.sealink.log, lambda: self.sealink.log)
        self.steps = 0

    @invariant()
    def count_steps(self) -> None:
        self.steps += 1
        self.unchecked += 1

    # Keys

    @rule(target=keys, budget=st.sampled_from([None, 0.0001, 0.0005, 1.0]), balance=st.sampled_from([None, 0.0002, 1]))
    def create(self, budget: float | None, balance: float | None) -> str:
        return self.make(budget, balance)

    def make(self, budget: float | None, balance: float | None) -> str:
        name = f"key-{self.names}"
        self.names += 1
        rules = {"budget_usd": budget, "balance_usd": balance, "team": TEAM if self.names % 2 else None}
        made = self.admin("POST", "/keys", {"name": name, **{key: it for key, it in rules.items() if it is not None}})
        assert made.status == 201, made
        self.secrets[name] = made.json["key"]
        if balance is not None:
            self.prepaid.add(name)
        self.is_in_force(name)
        return name

    @rule(name=keys)
    def rotate(self, name: str) -> None:
        answer = self.admin("POST", f"/keys/{name}/rotate", {})
        assert answer.status == (200 if name in self.secrets else 409)
        if answer.status == 200:
            self.secrets[name] = answer.json["key"]
            self.is_in_force(name)

    @rule(name=keys, ends_streams=st.booleans())
    def revoke(self, name: str, ends_streams: bool) -> None:
        if self.names > 2:  # some are to be left
            answer = self.admin("POST", f"/keys/{name}/revoke", {"end_streams": ends_streams})
            assert answer.status in (200, 409)
            secret = self.secrets.pop(name, None)
            if secret is not None:
                until(lambda: self.ask(secret, "whole", 1).status == 401)

    @rule(name=keys, usd=st.sampled_from([0.0001, 0.001, 0.1, -0.0001]))
    def top_up(self, name: str, usd: float) -> None:
        if name in self.prepaid:
            answer = self.admin("POST", f"/keys/{name}/balance", {"add_usd": usd})
            assert answer.status == (200 if name in self.secrets else 409), answer

    # Requests

    @rule(name=keys, kind=st.sampled_from(["whole", "stream"]), tokens=st.integers(1, SENT_MOST))
    def spend(self, name: str, kind: Kind, tokens: int) -> None:
        if name in self.secrets:
            answer = self.ask(self.secrets[name], kind, tokens)
            assert answer.status in (200, 402), answer

    @rule(name=keys, tokens=st.integers(2, SENT_MOST), is_endless=st.booleans())
    def open_stream(self, name: str, tokens: int, is_endless: bool) -> None:
        """One that stays open: until it is cut, left, released, or SeaLink is killed."""
        if name not in self.secrets:
            return
        connection = HTTPConnection("127.0.0.1", self.sealink.port, timeout=PATIENCE_S)
        kind: Kind = "endless" if is_endless else "held"
        connection.request("POST", "/v1/chat/completions", *self.request(self.secrets[name], kind, tokens))
        answer = connection.getresponse()
        if answer.status == 200:
            answer.read1()
            self.open.append((connection, answer))
        else:
            assert answer.status == 402, answer.read()
            connection.close()

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 50))
    def leave(self, which: int) -> None:
        connection, answer = self.open.pop(which % len(self.open))
        answer.close()
        connection.close()

    @precondition(lambda self: self.open)
    @rule()
    def release(self) -> None:
        self.upstream.release_all()
        self.leave_all()

    # Processes

    @precondition(lambda self: self.steps > RESTARTS_AFTER)
    @rule(is_killed=st.booleans())
    def restart(self, is_killed: bool) -> None:
        if is_killed:
            self.sealink.kill()
        else:
            self.upstream.release_all()
            self.leave_all()
        self.sealink.__exit__()
        self.leave_all()
        self.start()
        for name in self.secrets:
            self.is_in_force(name)

    @precondition(lambda self: self.redis is not None)
    @rule(loses_data=st.booleans())
    def take_redis_away_or_bring_it_back(self, loses_data: bool) -> None:
        assert self.redis is not None
        if self.redis_is_away:
            self.bring_redis_back()
        else:
            self.redis.kill()
            if loses_data:
                self.redis.lose_data()
            self.redis_is_away = True
            until(lambda: b"Redis is away" in self.readiness())

    def bring_redis_back(self) -> None:
        if self.redis is not None and self.redis_is_away:
            self.redis.start()
            self.redis_is_away = False
            until(lambda: json.loads(self.readiness()) == {"status": "ok"}, self.readiness)

    # What must be so

    @precondition(lambda self: self.unchecked > CHECKED_AFTER)
    @rule()
    def accounts_agree(self) -> None:
        self.unchecked = 0
        self.upstream.release_all()
        self.leave_all()
        rows = self.rows()
        self.check_rows(rows)
        self.check_counted(rows)

    def check_rows(self, rows: list[Row]) -> None:
        """Each request that the upstream has seen has one row, with what it was sent."""
        named = {row["task_type"]: row for row in rows if row["task_type"] is not None}
        assert len(named) == len([row for row in rows if row["task_type"] is not None])
        assert self.accounts.asked.keys() <= named.keys()
        for name, row in named.items():
            sent = self.accounts.asked.get(name)
            if sent is None or row["ended"] == "killed":
                assert not row["price_nano_usd"], row
            elif row["ended"] == "done" and row["ended_by"] == "upstream":
                assert sent.is_stated
                assert row["price_nano_usd"] == price(sent.tokens), (row, sent)
            else:
                tokens = row["output_tokens"] or 0
                assert tokens <= sent.tokens, (row, sent)
                assert row["price_nano_usd"] == (row["input_tokens"] or 0) * INPUT + tokens * OUTPUT, row

    def check_counted(self, rows: list[Row]) -> None:
        """By the counters and by the admin API as much was spent as the rows say."""
        by_key, of_team = Counter[str](), 0
        for row in rows:
            by_key[row["key"]] += row["price_nano_usd"] or 0
            of_team += (row["price_nano_usd"] or 0) if row["team"] == TEAM else 0
        for number in range(self.names):
            name = f"key-{number}"
            standing = self.admin("GET", f"/keys/{name}/standing").json
            if standing["budget"] is not None:
                assert round(standing["budget"]["spent_usd"] * 1e9) == by_key[name]
            if name in self.prepaid:
                assert round(standing["balance"]["spent_usd"] * 1e9) == by_key[name]
        if self.redis_is_away:
            return
        expected = {f"key:key-{number}": by_key[f"key-{number}"] for number in range(self.names)}
        expected[f"team:{TEAM}"] = of_team
        until(
            lambda: not self.wrongly_counted(expected),
            lambda: (self.wrongly_counted(expected), self.sealink.log[-3000:]),
            within_s=15,
        )

    def wrongly_counted(self, expected: dict[str, int]) -> dict[str, tuple[int, int]]:
        """Those of which something else is counted than expected: both. What is counted nowhere is read from the rows
        when it is needed."""
        counted = dict(self.counted_in_redis(expected) if self.redis is not None else self.counted_here(expected))
        return {name: (it, expected[name]) for name, it in counted.items() if it != expected[name]}

    def counted_here(self, names: Any) -> Iterator[tuple[str, int]]:
        counters = Counters(self.folder / "counters", 16_384)
        try:
            for name in names:
                slot = counters._slot(Subject(name, UsageLimits()))
                slot.open(counters._file.now_ns())
                if slot.spending.kind:
                    yield name, slot.spending.spent
                    if name.removeprefix("key:") in self.prepaid:
                        assert slot.spending.balance_spent == slot.spending.spent
        finally:
            counters.close()

    def counted_in_redis(self, names: Any) -> Iterator[tuple[str, int]]:
        assert self.redis is not None
        with self.redis.client() as client:
            for name in names:
                kind, spent = client.hmget(f"{{sealink}}:{name}", "kind", "spent")
                if kind is not None and int(kind):
                    yield name, int(spent)

    def teardown(self) -> None:
        if not hasattr(self, "sealink"):
            return
        with self.stack:
            try:
                self.bring_redis_back()
                self.accounts_agree()
            finally:
                self.upstream.release_all()
                self.leave_all()
                self.sealink.__exit__()
                if self.redis is not None and self.redis_is_away:
                    self.redis.start()

    # How it is asked

    def ask(self, secret: str, kind: Kind, tokens: int) -> PlainAnswer:
        body, headers = self.request(secret, kind, tokens)
        return post(self.sealink.port, "/v1/chat/completions", body, secret, headers)

    def request(self, secret: str, kind: Kind, tokens: int) -> tuple[bytes, dict[str, str]]:
        name = f"r{self.requests}"
        self.requests += 1
        body = {
            "model": "m",
            "messages": [{"role": "user", "content": f"{name} {kind} {tokens}"}],
            "max_tokens": tokens,
            "stream": kind != "whole",
            "metadata": {"task_type": name},
        }
        return json.dumps(body).encode(), {"authorization": f"Bearer {secret}"}

    def admin(self, method: str, path: str, body: object = None) -> PlainAnswer:
        connection = HTTPConnection("127.0.0.1", self.sealink.admin_port, timeout=PATIENCE_S)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/admin/v1{path}", sent, {"authorization": f"Bearer {TOKEN}"})
            answer = connection.getresponse()
            return PlainAnswer(answer.status, {}, answer.read())
        finally:
            connection.close()

    def is_in_force(self, name: str) -> None:
        secret = self.secrets[name]
        until(lambda: get(self.sealink.port, "/v1/me", {"authorization": f"Bearer {secret}"}).status == 200)

    def leave_all(self) -> None:
        while self.open:
            connection, answer = self.open.pop()
            try:
                answer.read()
            except (OSError, HTTPException):  # SeaLink was killed, or the answer never ends
                pass
            finally:
                answer.close()
                connection.close()

    def rows(self) -> list[Row]:
        """All rows, once no request is open and all are in the store."""
        until(lambda: self.usage() == (0, 0), self.usage)
        found, after = list[Row](), ""
        while after is not None:
            page = self.admin("GET", f"/requests?limit=1000&after={after}").json
            found, after = found + page["data"], page["next"]
        return found

    def usage(self) -> tuple[int, int]:
        report = self.admin("GET", "/usage").json
        return report["open"], report["waiting"]

    def readiness(self) -> bytes:
        return get(self.sealink.port, "/health/ready").body


def price(tokens: int) -> int:
    return PROMPT_TOKENS * INPUT + tokens * OUTPUT


def run_machine(machine: type[AccountsMachine], *, steps: int, in_full: bool) -> None:
    """`steps` in all, of as many lives as there are times a hundred steps."""
    of_one_life = min(steps, 100)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=steps // of_one_life,
            stateful_step_count=of_one_life,
            derandomize=not in_full,
            database=None,
            phases=[Phase.generate],  # each step takes too long for making a failure smaller
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(7200)
def test_with_the_counters_of_one_machine(full: bool) -> None:
    run_machine(AccountsMachine, steps=STEPS_IN_FULL if full else STEPS, in_full=full)


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_with_counters_in_redis(postgresql: PostgresqlServer, redis_server: RedisServer, full: bool) -> None:
    AccountsInRedis.redis, AccountsInRedis.new_store = redis_server, postgresql.new_database
    run_machine(AccountsInRedis, steps=STEPS_IN_FULL_WITH_REDIS, in_full=full)


class AccountsInRedis(AccountsMachine):
    """The same, and Redis that comes and goes."""


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
def test_what_was_spent_by_a_process_that_ended_while_redis_was_away(
    postgresql: PostgresqlServer, redis_server: RedisServer, is_killed: bool
) -> None:
    """The whole of it, and not only by the request that was settled last; also of a key that is revoked by then."""
    AccountsInRedis.redis, AccountsInRedis.new_store = redis_server, postgresql.new_database
    accounts = AccountsInRedis()
    try:
        one, other = accounts.begin().values  # type: ignore[attr-defined]
        accounts.spend(name=other, kind="whole", tokens=3)
        accounts.take_redis_away_or_bring_it_back(loses_data=False)
        for name in (other, one):
            accounts.spend(name=name, kind="whole", tokens=5)
        accounts.make(None, None)
        accounts.revoke(name=one, ends_streams=False)
        accounts.restart(is_killed=is_killed)
    finally:
        accounts.teardown()  # Redis is back, and must agree
