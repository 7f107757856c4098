"""`sealink keys` and `sealink teams`: what they print, what each option sets, and what they refuse."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sealink.access.configured import Configured
from sealink.access.keyring import Keyring
from sealink.access.keys import KeyRules, TeamRules
from sealink.access.tables.access_store import ALL, AccessStore
from sealink.access.tables.audit_table import list_changes
from sealink.cli.access.rule_options import KEY_OPTIONS, TEAM_OPTIONS
from sealink.cli.main import app
from sealink.config.sections import KeyConfig, TeamConfig
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.ledger import Ledger

CONFIG = """\
[[providers]]
name = "sim"
dialect = "sim"

[[keys]]
name = "file"
key = "sk-file"

[[teams]]
name = "file-team"
budget_usd = 10.0
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "sealink.toml"
    path.write_text(CONFIG)
    return str(path)


def run(config: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", config])


def done(config: str, *arguments: str) -> str:
    result = run(config, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(config: str, *arguments: str) -> str:
    """Why a command ends with 1: one line."""
    result = run(config, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def shown(config: str, name: str, kind: str = "keys") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done(config, kind, "show", name, "--json"))
    return found


def keyring_of(config: str) -> Keyring:
    store = AccessStore(f"sqlite:///{Path(config).parent}/sealink.db", Configured())
    changes = store.changed_since(ALL)
    store.close()
    assert changes is not None
    keyring = Keyring(Configured())
    keyring.learn(changes)
    return keyring


def test_create_prints_the_key_once_as_the_last_line(config: str) -> None:
    secret = done(config, "keys", "create", "dev").splitlines()[-1]
    assert secret.startswith("sk-sealink-")
    assert keyring_of(config).authenticate({"x-api-key": secret}).name == "dev"
    for look in (("list",), ("list", "--json"), ("show", "dev"), ("show", "dev", "--json")):
        assert secret not in done(config, "keys", *look)


def test_create_for_programs(config: str) -> None:
    made = json.loads(done(config, "keys", "create", "dev", "--json"))
    assert list(made)[:2] == ["name", "key"]
    assert keyring_of(config).authenticate({"x-api-key": made["key"]}).name == "dev"


def test_every_field_of_the_tables_is_an_option() -> None:
    assert set(KEY_OPTIONS) == set(KeyRules.__struct_fields__) == set(KeyConfig.__struct_fields__) - {"name", "key"}
    assert set(TEAM_OPTIONS) == set(TeamRules.__struct_fields__) == set(TeamConfig.__struct_fields__) - {"name"}


OPTIONS = {
    "--team": ("file-team", "file-team"),
    "--user": ("alice", "alice"),
    "--tags": ("a, b", ["a", "b"]),
    "--models": ("claude-*,gpt-4o", ["claude-*", "gpt-4o"]),
    "--endpoints": ("/v1/chat/*", ["/v1/chat/*"]),
    "--allowed-networks": ("10.0.0.0/8,::1", ["10.0.0.0/8", "::1"]),
    "--expires": ("2999-01-01", "2999-01-01"),
    "--requests-per-minute": ("300", 300),
    "--tokens-per-minute": ("500000", 500000),
    "--concurrent-streams": ("0", 0),
    "--requests-per-day": ("10000", 10000),
    "--budget-usd": ("50", 50.0),
    "--budget-period": ("month", "month"),
    "--metadata": ("a=1,b=x=y", {"a": "1", "b": "x=y"}),
    "--queue-s": ("2.5", 2.5),
    "--balance-usd": ("20.5", 20.5),
    "--on-disconnect": ("detach", "detach"),
    "--heartbeat": ("chunk", "chunk"),
    "--log-content": (None, True),
    "--usage-extras": (None, True),
    "--advice": (None, True),
    "--stream-internally": (None, True),
    "--strict": (None, True),
}


def words(option: str, value: str | None) -> list[str]:
    return [option] if value is None else [option, value]


def test_every_option_sets_its_field(config: str) -> None:
    assert {option.removeprefix("--").replace("-", "_") for option in OPTIONS} == set(KEY_OPTIONS)
    given = [word for option, (value, _) in OPTIONS.items() for word in words(option, value)]
    done(config, "keys", "create", "dev", *given)
    expected = {option.removeprefix("--").replace("-", "_"): value for option, (_, value) in OPTIONS.items()}
    assert {name: value for name, value in shown(config, "dev").items() if name in expected} == expected

    none = [word for option, (value, _) in OPTIONS.items() if value is not None for word in (option, "none")]
    switches = [f"--no-{option.removeprefix('--')}" for option, (value, _) in OPTIONS.items() if value is None]
    done(config, "keys", "update", "dev", *none, *switches)
    left = {name: value for name, value in shown(config, "dev").items() if name in expected and value}
    assert left == {}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_update_changes_what_is_named_and_nothing_else(config: str, option: str) -> None:
    given = [word for each, (value, _) in OPTIONS.items() if each != option for word in words(each, value)]
    done(config, "keys", "create", "dev", *given)
    before = shown(config, "dev")
    text, value = OPTIONS[option]
    after = json.loads(done(config, "keys", "update", "dev", *words(option, text), "--json"))
    name = option.removeprefix("--").replace("-", "_")
    before.pop("standing")
    opened = {"paid_in_usd": value, "balance_opened_at": after["balance_opened_at"]}
    assert after == {**before, name: value, **(opened if option == "--balance-usd" else {})}


@pytest.mark.parametrize(
    ("option", "value", "status"),
    [
        ("--budget-usd", "much", 2),
        ("--budget-usd", "-1", 2),
        ("--requests-per-minute", "1.5", 2),
        ("--budget-period", "year", 2),
        ("--expires", "tomorrow", 2),
        ("--heartbeat", "loud", 2),
        ("--metadata", "a", 2),
        ("--allowed-networks", "10.0.0.0/33", 1),
        ("--endpoints", "v1", 1),
        ("--team", "nobody", 1),
    ],
)
def test_a_value_that_cannot_be(config: str, option: str, value: str, status: int) -> None:
    result = run(config, "keys", "create", "dev", option, value)
    assert result.exit_code == status
    assert option.removeprefix("--").partition("-")[0] in result.output
    assert "There is no key 'dev'" in told(config, "keys", "show", "dev")


def test_names_are_unique_and_the_files_keys_stay_as_they_are(config: str) -> None:
    done(config, "keys", "create", "dev")
    assert "There is a key 'dev' already." in told(config, "keys", "create", "dev")
    assert f"set in {config}:5" in told(config, "keys", "create", "file")
    for change in (("rotate",), ("revoke",), ("update", "--strict")):
        assert f"set in {config}:5" in told(config, "keys", change[0], "file", *change[1:])
    for change in (("create",), ("revoke",), ("update", "--budget-usd", "1")):
        assert f"set in {config}:9" in told(config, "teams", change[0], "file-team", *change[1:])
    listed = {key["name"]: key for key in json.loads(done(config, "keys", "list", "--json"))}
    assert {name: key["source"] for name, key in listed.items()} == {"dev": "store", "file": "file"}
    assert listed["file"]["set_in"] == f"{config}:5"


def test_lists_for_people(config: str) -> None:
    done(config, "keys", "create", "dev", "--team", "file-team", "--expires", "2020-01-01")
    done(config, "teams", "create", "research")
    keys, teams = done(config, "keys", "list").splitlines(), done(config, "teams", "list").splitlines()
    assert [line.split()[:2] for line in keys[1:]] == [["dev", "expired"], ["file", "active"]]
    assert [line.split()[0] for line in teams[1:]] == ["file-team", "research"]


def test_a_rotation_prints_the_new_key(config: str) -> None:
    old = done(config, "keys", "create", "dev").splitlines()[-1]
    new = done(config, "keys", "rotate", "dev", "--overlap-s", "60").splitlines()[-1]
    keyring = keyring_of(config)
    assert [keyring.authenticate({"x-api-key": secret}).name for secret in (old, new)] == ["dev", "dev"]
    assert json.loads(done(config, "keys", "rotate", "dev", "--json"))["key"].startswith("sk-sealink-")


def test_a_teams_rotation_rotates_each_of_its_keys(config: str) -> None:
    done(config, "teams", "create", "research")
    for name in ("a", "b", "gone"):
        done(config, "keys", "create", name, "--team", "research")
    other = done(config, "keys", "create", "other").splitlines()[-1]
    done(config, "keys", "revoke", "gone")
    lines = [json.loads(line) for line in done(config, "teams", "rotate", "research", "--json").splitlines()]
    keyring = keyring_of(config)
    assert [keyring.authenticate({"x-api-key": line["key"]}).name for line in lines] == ["a", "b"]
    assert keyring.authenticate({"x-api-key": other}).name == "other"
    assert "There is no team 'nobody'" in told(config, "teams", "rotate", "nobody")


def test_teams_from_their_making_to_their_end(config: str) -> None:
    done(config, "teams", "create", "research", "--requests-per-day", "7", "--budget-usd", "5")
    done(config, "keys", "create", "dev", "--team", "research")
    done(config, "teams", "update", "research", "--requests-per-day", "none", "--metadata", "a=b")
    team = shown(config, "research", "teams")
    assert (team["requests_per_day"], team["budget_usd"], team["metadata"]) == (None, 5.0, {"a": "b"})
    assert json.loads(done(config, "teams", "revoke", "research", "--json"))["status"] == "revoked"
    assert "was revoked" in told(config, "teams", "update", "research", "--budget-usd", "6")


def test_every_change_is_written_down(config: str) -> None:
    done(config, "keys", "create", "dev")
    done(config, "keys", "update", "dev", "--user", "alice")
    done(config, "keys", "rotate", "dev")
    done(config, "keys", "revoke", "dev")
    store = AccessStore(f"sqlite:///{Path(config).parent}/sealink.db", Configured())
    entries = list_changes(store, limit=9)[::-1]
    store.close()
    assert [entry.action for entry in entries] == ["key.created", "key.updated", "key.rotated", "key.revoked"]
    assert all(entry.actor.startswith("cli") for entry in entries)
    assert [entry.before and entry.before["user"] for entry in entries] == [None, None, "alice", "alice"]


def test_a_store_that_cannot_be_used(config: str) -> None:
    Path(config).write_text(f'{CONFIG}[store]\nurl = "postgresql://sealink:sesame@127.0.0.1:1/sealink"\n')
    result = run(config, "keys", "list")
    assert result.exit_code == 1
    assert result.stderr.startswith("cannot use the store: ")
    assert "sesame" not in result.output


def test_what_is_left_is_shown(config: str) -> None:
    """Of a key's limits, budget and balance: by the ledger, without a server."""
    done(config, "keys", "create", "dev", "--budget-usd", "2", "--balance-usd", "3", "--team", "file-team")
    done(config, "keys", "update", "dev", "--add-balance-usd", "-0.5")
    folder = Path(config).parent
    ledger = Ledger(f"sqlite:///{folder}/sealink.db", folder / "sealink.db.journal")
    times = {"started_at": time.time(), "client": "openai", "streamed": False}
    for number, price in enumerate((100_000_000, 23)):
        ledger.admit(Admission(request_id=f"req_{number}", key="dev", team="file-team", **times))
        ledger.settle(Settlement(request_id=f"req_{number}", price_nano_usd=price))
    standing = shown(config, "dev")["standing"]
    assert standing["budget"] == {
        "budget_usd": 2.0,
        "period": "total",
        "spent_usd": 0.100000023,
        "left_usd": 1.899999977,
        "resets_at": None,
    }
    assert standing["balance"] == {"paid_in_usd": 2.5, "spent_usd": 0.100000023, "left_usd": 2.399999977}
    assert shown(config, "file-team", "teams")["standing"]["budget"]["left_usd"] == 9.899999977
    lines = done(config, "keys", "show", "dev").splitlines()
    assert "balance left         2.400000 USD" in lines
    ledger.close()


def test_a_balance_is_opened_once(config: str) -> None:
    done(config, "keys", "create", "dev", "--balance-usd", "3")
    assert "was opened already" in told(config, "keys", "update", "dev", "--balance-usd", "4")
    done(config, "keys", "update", "dev", "--balance-usd", "none")
    assert shown(config, "dev")["paid_in_usd"] is None
    done(config, "keys", "create", "late")
    done(config, "keys", "update", "late", "--balance-usd", "1")
    done(config, "keys", "update", "late", "--add-balance-usd", "2")
    assert shown(config, "late")["paid_in_usd"] == 3.0
    assert "was opened already" in told(config, "keys", "update", "late", "--balance-usd", "none")


def test_a_balance_of_the_file_is_credited_once(config: str) -> None:
    """When the name is first seen, and whatever the file says later."""
    path = Path(config)
    for balance, paid in (("", None), ("balance_usd = 5.0\n", 5.0), ("balance_usd = 9.0\n", 5.0)):
        path.write_text(CONFIG.replace('key = "sk-file"\n', f'key = "sk-file"\n{balance}'))
        assert shown(config, "file")["paid_in_usd"] == paid
    done(config, "keys", "update", "file", "--add-balance-usd", "1")
    assert shown(config, "file")["paid_in_usd"] == 6.0
    path.write_text(CONFIG)
    assert shown(config, "file")["paid_in_usd"] == 6.0
