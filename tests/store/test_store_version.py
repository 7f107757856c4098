"""A store of an older SeaLink is brought up to date and loses nothing; one of a newer SeaLink is refused."""

import os
import re
from pathlib import Path

import alembic.command
import alembic.config
import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, select, text

import sealink_command
from sealink import __version__
from sealink.access.configured import Configured, ConfiguredKey
from sealink.access.credential import Balance
from sealink.access.keys import ApiKey, KeyRules
from sealink.access.tables.access_store import AccessStore
from sealink.access.tables.audit_table import list_changes
from sealink.access.tables.key_table import KeyTable
from sealink.access.tables.openings import open_balances
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.reports.habits import habits_of_keys
from sealink.ledger.reports.report import open_report
from sealink.ledger.requests_table import RequestsTable, requests
from sealink.ledger.row import row_of
from sealink.store import store as store_module
from sealink.store.errors import StoreTooNew
from sealink.store.store import NEWEST, Store

MIGRATIONS = Path(store_module.__file__).with_name("migrations")
ROWS = 300
DIGEST = bytes(range(32))
REFUSAL = rf"the store is of version 9999, but this SeaLink \({__version__}\) knows versions up to {NEWEST}"


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def left_by_an_older(url: str, version: str) -> None:
    """A store with rows, as the SeaLink left it whose newest migration was `version`."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        config = alembic.config.Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        alembic.command.upgrade(config, version)
        connection.execute(
            text(
                "INSERT INTO requests (request_id, key, model, ended, ended_by, attempts, chunks, bytes_sent, timeline,"
                " cost_nano_usd) VALUES (:id, 'dev', 'm', 'done', 'upstream', '[]', 1, 1, '[]', :cost)"
            ),
            [{"id": f"req_{number}", "cost": number} for number in range(ROWS)],
        )
    engine.dispose()


def of_a_newer(url: str) -> None:
    """Say that a newer SeaLink has migrated a store."""
    store = Store(url, timeout_s=5.0)
    store.migrate()
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()


@pytest.mark.parametrize("version", ["0001", "0003", "0005", "0006", "0008"])
@pytest.mark.parametrize("opened_first_by", ["a report", "keys"])
def test_a_store_of_an_older_version_opens_and_loses_nothing(
    store_url: str, version: str, opened_first_by: str, tmp_path: Path
) -> None:
    left_by_an_older(store_url, version)
    if opened_first_by == "keys":
        access = AccessStore(store_url, Configured())
        KeyTable(access).create("new", KeyRules(), "test")
        access.close()
    with open_report(store_url, tmp_path / "journal") as report:
        rows = {row["request_id"]: row["cost_nano_usd"] for row in report.rows()}
    assert rows == {f"req_{number}": number for number in range(ROWS)}


def test_teams_and_balances_of_an_older_version_are_completed(store_url: str, tmp_path: Path) -> None:
    """Rows get the teams of their keys; a balance counts, as before, all that its key has spent."""
    left_by_an_older(store_url, "0005")
    engine = create_engine(sqlalchemy_url(store_url))
    now = "2026-01-02 03:04:05"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_keys (name, rules, created_at, ends_streams, change)"
                f" VALUES ('dev', '{{\"team\": \"t\", \"balance_usd\": 2}}', '{now}', false, 1)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO key_secrets (digest, key, prefix, created_at)"
                f" VALUES ('{DIGEST.hex()}', 'dev', 'sk-sealink-ab', '{now}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO audit (at, actor, action, name, after)"
                f" VALUES ('{now}', 'cli', 'key.created', 'dev', '{{}}')"
            )
        )
        connection.execute(
            text(f"INSERT INTO balance_postings (key, at, amount_nano_usd, change) VALUES ('filed', '{now}', 5, 1)")
        )
        connection.execute(text("UPDATE requests SET key = 'filed' WHERE request_id = 'req_7'"))
    engine.dispose()
    key = ApiKey(name="filed", team="file-team", balance_usd=1.0)
    access = AccessStore(store_url, Configured((ConfiguredKey(key, "sk-filed", "sealink.toml:3"),)))
    for _ in range(2):  # once
        open_balances(access, access.configured)
        changes = access.changed_since(-1)
        assert changes is not None
        assert changes.balances["filed"] == Balance(10**9 + 5, 1, is_topped_up=True)
        assert changes.balances["dev"].paid == 2 * 10**9
        assert changes.credentials[DIGEST].key.name == "dev"
    assert [entry.name for entry in list_changes(access, limit=9)] == ["dev"]
    access.close()
    with open_report(store_url, tmp_path / "journal") as report:
        teams = {row["request_id"]: row["team"] for row in report.rows()}
    assert teams == {f"req_{number}": "file-team" if number == 7 else "t" for number in range(ROWS)}


def test_what_an_older_version_did_not_write_down_is_unknown(store_url: str) -> None:
    """Whether its requests were for structured output; of those that come later it is known, and the console counts
    them."""
    left_by_an_older(store_url, "0008")
    table = RequestsTable(store_url, timeout_s=5.0)
    table.migrate()
    new = {"req_plain": False, "req_json": True}
    admission = Admission(request_id="", key="dev", client="openai", streamed=True, started_at=1_767_323_045.0)
    table.insert(
        [
            row_of(replace(admission, structured=asked), Settlement(request_id=name, duration_ms=9.0))
            for name, asked in new.items()
        ]
    )
    with table.reading() as connection:
        told = dict(connection.execute(select(requests.c.request_id, requests.c.structured)).all())
        habits = habits_of_keys(connection)
    table.close()
    assert told == {**{f"req_{number}": None for number in range(ROWS)}, **new}
    assert [(each.streams, each.structured_streams) for each in habits] == [(2, 1)]


def test_a_store_of_a_newer_version_is_refused_by_all_that_open_it(store_url: str, tmp_path: Path) -> None:
    of_a_newer(store_url)
    access = AccessStore(store_url, Configured())
    with pytest.raises(StoreTooNew, match=REFUSAL):
        KeyTable(access).create("new", KeyRules(), "test")
    with pytest.raises(StoreTooNew, match=REFUSAL):
        access.changed_since(0)
    access.close()
    with pytest.raises(StoreTooNew, match=REFUSAL), open_report(store_url, tmp_path / "journal"):
        pass


@pytest.mark.parametrize(
    "command", ["serve --port 0 --admin-port 0", "serve --port 0 --admin-port 0 --workers 2", "keys list", "usage"]
)
def test_commands_say_so_in_one_line(command: str, tmp_path: Path) -> None:
    of_a_newer(f"sqlite:///{tmp_path}/sealink.db")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = sealink_command.run(command.split(), cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    lines = set(done.stderr.splitlines())  # each worker says it
    assert len(lines) == 1
    assert re.search(REFUSAL, lines.pop())
