"""Keys and teams in SQLite and in PostgreSQL: what is written is read again, whatever it is, and changes are found."""

from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from postgresql_server import PostgresqlServer
from sealink.access.configured import Configured, ConfiguredKey, ConfiguredTeam
from sealink.access.key_secrets import digest_of, visible_prefix
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey, KeyRules, Team, TeamRules
from sealink.access.tables.access_store import ALL, AccessStore
from sealink.access.tables.audit_table import list_changes
from sealink.access.tables.key_table import KeyTable
from sealink.access.tables.schema import access_state, api_keys, audit, key_secrets
from sealink.access.tables.team_table import TeamTable
from sealink.errors import AuthenticationError, Conflict, InvalidRequest, NotFound

CONFIGURED = Configured(
    (ConfiguredKey(ApiKey(name="file"), "sk-file", "sealink.toml:3"),),
    (ConfiguredTeam(Team(name="file-team"), "sealink.toml:7"),),
)

text = st.text(max_size=20)
counts = st.none() | st.integers(min_value=0, max_value=2**62)
money = st.none() | st.floats(min_value=0, max_value=1_000_000)
labels = st.lists(text, max_size=3).map(tuple)
limits = {
    "requests_per_minute": counts,
    "tokens_per_minute": counts,
    "concurrent_streams": counts,
    "requests_per_day": counts,
    "budget_usd": money,
    "budget_period": st.sampled_from([None, "day", "week", "month", "total"]),
    "metadata": st.dictionaries(text, text, max_size=3),
}
team_rules = st.builds(TeamRules, **limits)
key_rules = st.builds(
    KeyRules,
    **limits,
    team=st.sampled_from([None, "file-team"]),
    user=st.none() | text,
    tags=labels,
    models=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
    endpoints=st.lists(text.map("/{}".format), max_size=3).map(tuple),
    allowed_networks=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
    expires=st.none() | st.dates(),
    balance_usd=money,
    on_disconnect=st.sampled_from([None, "cancel", "drain", "detach"]),
    heartbeat=st.sampled_from([None, "comment", "chunk", "off"]),
    usage_extras=st.booleans(),
    strict=st.booleans(),
)


@pytest.fixture
def store(store_url: str) -> Iterator[AccessStore]:
    opened = AccessStore(store_url, CONFIGURED)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def stores(postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[AccessStore]]:
    file = tmp_path_factory.mktemp("any") / "sealink.db"
    both = [AccessStore(url, CONFIGURED) for url in (f"sqlite:///{file}", postgresql.new_database("any_keys"))]
    yield both
    for store in both:
        store.close()


def refreshed(store: AccessStore) -> Keyring:
    """A keyring that knows all of a store."""
    keyring = Keyring(CONFIGURED)
    changes = store.changed_since(ALL)
    assert changes is not None
    keyring.learn(changes)
    return keyring


def is_valid(store: AccessStore, secret: str) -> bool:
    try:
        refreshed(store).authenticate({"x-api-key": secret})
    except AuthenticationError:
        return False
    return True


numbers = count()
"""For names that nothing has had yet."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=key_rules, others=key_rules)
def test_rules_of_keys_are_read_as_they_were_written(
    stores: list[AccessStore], rules: KeyRules, others: KeyRules
) -> None:
    name = f"key {next(numbers)}"
    others = msgspec.structs.replace(others, balance_usd=rules.balance_usd)  # a balance is opened once
    for store in stores:
        table = KeyTable(store)
        record, secret = table.create(name, rules, "test")
        assert rules_in(record, KeyRules) == rules == rules_in(table.find(name), KeyRules)
        changed = table.update(name, msgspec.to_builtins(others), "test")
        assert rules_in(changed, KeyRules) == others == rules_in(table.find(name), KeyRules)
        last = store.changed_since(ALL)
        assert last is not None
        credential = last.credentials[digest_of(secret, store.access_secret())]
        assert rules_in(credential.key, KeyRules) == others
        table.revoke(name, "test")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=team_rules, others=team_rules)
def test_rules_of_teams_are_read_as_they_were_written(
    stores: list[AccessStore], rules: TeamRules, others: TeamRules
) -> None:
    name = f"team {next(numbers)}"
    for store in stores:
        table = TeamTable(store)
        assert rules_in(table.create(name, rules, "test"), TeamRules) == rules
        assert rules_in(table.update(name, msgspec.to_builtins(others), "test"), TeamRules) == others
        last = store.changed_since(ALL)
        assert last is not None
        assert rules_in(last.teams[name], TeamRules) == others


def rules_in(record: Any, kind: Any) -> Any:
    return kind(**{name: getattr(record, name) for name in kind.__struct_fields__})


def test_only_what_has_changed_is_read_again(store: AccessStore) -> None:
    keys, teams = KeyTable(store), TeamTable(store)
    keys.create("a", KeyRules(), "test")
    keys.create("b", KeyRules(), "test")
    first = store.changed_since(ALL)
    assert first is not None
    assert {credential.key.name for credential in first.credentials.values()} == {"a", "b"}
    assert store.changed_since(first.number) is None
    keys.update("b", {"strict": True}, "test")
    teams.create("t", TeamRules(), "test")
    second = store.changed_since(first.number)
    assert second is not None
    assert [credential.key for credential in second.credentials.values()] == [ApiKey(name="b", strict=True)]
    assert list(second.teams) == ["t"]
    assert second.number == first.number + 2


def test_a_rotation_with_an_overlap_and_one_without(store: AccessStore) -> None:
    keys = KeyTable(store)
    _, first = keys.create("a", KeyRules(), "test")
    record, second = keys.rotate("a", "test", overlap_s=600)
    assert record.prefix == visible_prefix(second)
    assert is_valid(store, first)
    assert is_valid(store, second)
    _, third = keys.rotate("a", "test")
    assert [is_valid(store, secret) for secret in (first, second, third)] == [False, False, True]
    keys.rotate("a", "test", overlap_s=600)
    assert [is_valid(store, secret) for secret in (first, second, third)] == [False, False, True]


def test_a_revoked_key_keeps_its_name_and_can_be_nothing_else(store: AccessStore) -> None:
    keys = KeyTable(store)
    _, secret = keys.create("a", KeyRules(), "test")
    first = keys.revoke("a", "test")
    assert first.status == "revoked"
    assert not is_valid(store, secret)
    assert keys.revoke("a", "test", end_streams=True).revoked_at == first.revoked_at
    changes = store.changed_since(ALL)
    assert changes is not None
    assert changes.ended_keys == {"a"}
    for change in (
        lambda: keys.create("a", KeyRules(), "test"),
        lambda: keys.rotate("a", "test"),
        lambda: keys.update("a", {"strict": True}, "test"),
    ):
        with pytest.raises(Conflict, match="'a'"):
            change()


def test_what_stands_in_the_config_is_listed_and_stays_as_it_is(store: AccessStore) -> None:
    keys, teams = KeyTable(store), TeamTable(store)
    keys.create("a", KeyRules(), "test")
    keys.create("g", KeyRules(), "test")
    assert [(record.name, record.source) for record in keys.list()] == [
        ("a", "store"),
        ("file", "file"),
        ("g", "store"),
    ]
    assert [record.name for record in keys.list(after="a", limit=1)] == ["file"]
    assert keys.find("file").set_in == "sealink.toml:3"
    assert [record.set_in for record in teams.list()] == ["sealink.toml:7"]
    for change in (
        lambda: keys.create("file", KeyRules(), "test"),
        lambda: keys.update("file", {"strict": True}, "test"),
        lambda: keys.rotate("file", "test"),
        lambda: keys.revoke("file", "test"),
        lambda: teams.create("file-team", TeamRules(), "test"),
        lambda: teams.update("file-team", {"budget_usd": 1.0}, "test"),
        lambda: teams.revoke("file-team", "test"),
    ):
        with pytest.raises(Conflict, match=r"set in sealink\.toml:\d"):
            change()


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"models": "a"}, "models"),
        ({"models": [""]}, "models"),
        ({"requests_per_minute": -1}, "requests_per_minute"),
        ({"budget_usd": "5"}, "budget_usd"),
        ({"budget_period": "year"}, "budget_period"),
        ({"allowed_networks": ["10.0.0.0/33"]}, "allowed_networks"),
        ({"endpoints": ["v1/models"]}, "endpoints"),
        ({"expires": "soon"}, "expires"),
        ({"team": "nobody"}, "team"),
        ({"nothing": 1}, "nothing"),
        ({"name": "b"}, "name"),
    ],
)
def test_a_change_that_cannot_be_names_the_field_and_changes_nothing(
    store: AccessStore, changes: dict[str, object], param: str
) -> None:
    keys = KeyTable(store)
    before, _ = keys.create("a", KeyRules(budget_usd=5.0), "test")
    with pytest.raises(InvalidRequest) as refused:
        keys.update("a", changes, "test")
    assert refused.value.param == param
    assert keys.find("a") == before
    assert len(list_changes(store, limit=9)) == 1


def test_none_takes_a_field_back_to_its_default(store: AccessStore) -> None:
    keys = KeyTable(store)
    keys.create("a", KeyRules(budget_usd=5.0, tags=("x",), strict=True, expires=date(2999, 1, 1)), "test")
    record = keys.update("a", {"budget_usd": None, "tags": None, "strict": None, "expires": None}, "test")
    assert rules_in(record, KeyRules) == KeyRules()


def test_names_are_in_the_order_of_their_code_points(store: AccessStore) -> None:
    keys = KeyTable(store)
    given_names = ["b", "B", "a", "é", "Z", "_", "🐟", "a b"]
    for name in given_names:
        keys.create(name, KeyRules(), "test")
    expected = sorted([*given_names, "file"])
    assert [record.name for record in keys.list()] == expected
    assert [record.name for record in keys.list(after="Z", limit=3)] == expected[expected.index("Z") + 1 :][:3]


def test_a_secret_is_kept_as_a_hash_only(store: AccessStore, tmp_path: Path) -> None:
    _, secret = KeyTable(store).create("a", KeyRules(), "test")
    with store.reading() as connection:
        everything = [
            str(row)
            for table in (access_state, api_keys, key_secrets, audit)
            for row in connection.execute(select(table))
        ]
    found = "\n".join(everything)
    assert secret not in found
    assert secret.removeprefix(visible_prefix(secret)) not in found
    assert digest_of(secret, store.access_secret()).hex() in found


def test_the_access_secret_is_made_once_and_that_of_the_config_counts(store_url: str) -> None:
    first, second = AccessStore(store_url, CONFIGURED), AccessStore(store_url, CONFIGURED)
    assert first.access_secret() == second.access_secret()
    assert len(first.access_secret()) == 64  # 256 bits in hex
    third = AccessStore(store_url, CONFIGURED, secret="of the config")
    _, secret = KeyTable(third).create("a", KeyRules(), "test")
    assert is_valid(third, secret)
    assert not is_valid(first, secret)
    for store in (first, second, third):
        store.close()


def test_what_is_not_there(store: AccessStore) -> None:
    keys, teams = KeyTable(store), TeamTable(store)
    for look in (
        lambda: keys.find("x"),
        lambda: keys.revoke("x", "test"),
        lambda: keys.rotate("x", "test"),
        lambda: teams.find("x"),
        lambda: teams.update("x", {}, "test"),
    ):
        with pytest.raises(NotFound):
            look()
