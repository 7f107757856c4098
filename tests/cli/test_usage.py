"""`sealink usage`, on a ledger that is in use."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sealink.cli.main import app
from sealink.config import load
from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.ledger.ledger import Ledger
from sealink.ledger.reports.csv_text import csv_text
from sealink.ledger.settings import LedgerSettings
from sealink.usage import Usage

CONFIG = """\
[[providers]]
name = "sim"
dialect = "sim"
[[models]]
id = "sealink/sim"
targets = [{ provider = "sim", model = "sealink/sim" }]
"""


def usage(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["usage", *arguments])


def settle(ledger: Ledger, number: int) -> None:
    request_id = f"req_{number}"
    ledger.admit(
        Admission(
            request_id=request_id,
            key="dev",
            team="research",
            model="claude-[bold]",
            client="openai",
            streamed=True,
            started_at=1_767_323_045.678,
            task_type="billing",
        )
    )
    ledger.settle(
        Settlement(
            request_id=request_id,
            provider="anthropic",
            served_model="claude",
            attempts=[
                Attempt("my-vllm", "qwen3", "connect"),
                Attempt("other", "claude", "hedge_lost", Usage(900), "estimated", 2_000_000),
                Attempt("anthropic", "claude"),
            ],
            usage=Usage(input_tokens=1000, output_tokens=20),
            usage_source="estimated",
            cost_nano_usd=3_000_000,
            price_nano_usd=3_500_000,
            hedge_cost_nano_usd=2_000_000,
            duration_ms=1234.5,
            timeline=[("admitted", 0.0), ("client_gone", 1234.5)],
        )
    )


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    """A config beside whose ledger two requests have ended, one of them not yet in the store, and one is open."""
    path = tmp_path / "sealink.toml"
    path.write_text(CONFIG)
    store = load(path).store
    ledger = Ledger(store.url, Path(store.journal), LedgerSettings(upload_every_s=1000.0, close_s=0.0))
    ledger.start()
    settle(ledger, 1)
    assert ledger.flush(20.0)
    settle(ledger, 2)
    ledger.admit(
        Admission(request_id="req_3", key="dev", model="m", client="openai", streamed=False, started_at=1_767_323_046.0)
    )
    yield str(path)
    ledger.close()


def test_a_summary_for_people(config: str) -> None:
    result = usage("--config", config)
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert lines[0] == ["Model", "Requests", "Not", "done", "Input", "Cached", "Output", "Reasoning", "Cost", "Price"]
    assert lines[1] == ["claude-[bold]", "2", "0", "2,000", "0", "40", "0", "$0.006000", "$0.007000"]
    assert lines[2][0] == "Total"
    assert "100.0% of the cost is estimated" in result.output
    assert "additional cost of hedged attempts that lost: $0.004000" in result.output
    assert "not yet in the store: 1" in result.output
    assert "not counted, open or left by a process that died: 1" in result.output


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("model", "claude-[bold]"),
        ("key", "dev"),
        ("team", "research"),
        ("task", "billing"),
        ("day", "2026-01-02"),
        ("provider", "anthropic"),
    ],
)
def test_a_summary_for_programs(config: str, by: str, name: str) -> None:
    found = json.loads(usage("--by", by, "--json", "--config", config).output)
    assert [group[by] for group in found["groups"]] == [name]
    assert found["total"]["cost_nano_usd"] == found["groups"][0]["cost_nano_usd"] == 6_000_000
    assert found["total"]["hedge_cost_nano_usd"] == 4_000_000
    assert found["total"]["price_nano_usd"] == 7_000_000
    assert (found["waiting"], found["open"]) == (1, 1)


def test_several_groups_and_a_selection(config: str) -> None:
    chosen = "--team", "research", "--since", "2026-01-02", "--until", "2026-01-03", "--config", config
    found = json.loads(usage("--by", "team,model", "--json", *chosen).output)
    assert (found["by"], len(found["groups"])) == ("team,model", 1)
    assert (found["groups"][0]["team"], found["groups"][0]["model"]) == ("research", "claude-[bold]")
    assert found["groups"][0]["requests"] == 2
    for other in (("--team", "other"), ("--until", "2026-01-02"), ("--since", "2026-01-02T04:00:00+01:00")):
        found = json.loads(usage("--json", "--config", config, *other).output)
        assert found["total"]["requests"] == (2 if other[0] == "--since" else 0)
    assert usage("--by", "model,colour", "--config", config).exit_code == 2
    assert usage("--since", "yesterday", "--config", config).exit_code == 2


def test_sums_for_spreadsheets(config: str) -> None:
    """What clients send is not taken for a formula."""
    names, line = list(csv.reader(usage("--by", "key,model", "--csv", "--config", config).output.splitlines()))
    assert names[:4] == ["key", "model", "requests", "not_done"]
    assert (line[:3], line[-1]) == (["dev", "claude-[bold]", "2"], "7000000")
    assert csv_text(["a", "b"], [{"a": "=1+1", "b": None}]) == "a,b\r\n'=1+1,\r\n"


def test_a_months_bill(config: str) -> None:
    """Its lines add up to what the rows say, to the nano-dollar."""
    with Path(config).open("a") as file:
        file.write('[usage]\ncurrency = "EUR"\nusd_rate = 0.5\n')
    lines = list(csv.DictReader(usage("statement", "2026-01", "--config", config).output.splitlines()))
    assert [(line["team"], line["key"], line["requests"]) for line in lines] == [("research", "dev", "2")]
    assert (lines[0]["cost_usd"], lines[0]["price_usd"]) == ("0.006", "0.007")
    assert (lines[0]["price"], lines[0]["currency"]) == ("0.0035", "EUR")
    assert usage("statement", "2026-02", "--config", config).output.count("\n") == 1
    assert usage("statement", "2026-13", "--config", config).exit_code == 2
    assert "EUR" in usage("--config", config).output


def test_rows_for_programs(config: str) -> None:
    result = usage("rows", "--json", "--config", config)
    first, second = (json.loads(line) for line in result.output.splitlines())
    assert list(first) == list(second)
    assert {**first, "request_id": "req_2"} == second
    expected = {
        "request_id": "req_1",
        "key": "dev",
        "model": "claude-[bold]",
        "input_tokens": 1000,
        "output_tokens": 20,
        "cost_nano_usd": 3_000_000,
        "usage_source": "estimated",
        "ended": "done",
        "started_at": "2026-01-02T03:04:05.678000Z",
    }
    assert expected.items() <= first.items()


def test_rows_for_people(config: str) -> None:
    result = usage("rows", "--last", "1", "--config", config)
    (row,) = result.output.splitlines()[1:]
    assert row.split()[:4] == ["2026-01-02", "03:04:05", "req_2", "dev"]


def test_the_config_may_stand_before_the_subcommand(config: str) -> None:
    assert usage("--config", config, "rows", "--json").output == usage("rows", "--json", "--config", config).output


@pytest.mark.parametrize("request_id", ["req_1", "req_2"])
def test_one_request_with_its_timeline(config: str, request_id: str) -> None:
    lines = [line.split() for line in usage("show", request_id, "--config", config).output.splitlines()]
    assert ["request_id", request_id] in lines
    assert ["my-vllm", "qwen3", "connect", "-", "-", "-"] in lines
    assert ["other", "claude", "hedge_lost", "900", "0", "$0.002000"] in lines
    assert ["client_gone", "1,234.5"] in lines
    assert json.loads(usage("show", request_id, "--json", "--config", config).output)["timeline"] == [
        ["admitted", 0.0],
        ["client_gone", 1234.5],
    ]


def test_an_open_request(config: str) -> None:
    assert json.loads(usage("show", "req_3", "--json", "--config", config).output)["ended"] is None
    assert "req_3" in usage("show", "req_3", "--config", config).output


def test_an_unknown_request(config: str) -> None:
    result = usage("show", "req_9", "--config", config)
    assert (result.exit_code, result.stderr) == (1, "there is no request req_9\n")


def test_nothing_was_asked_for_yet(tmp_path: Path) -> None:
    path = tmp_path / "sealink.toml"
    path.write_text(CONFIG)
    assert usage("--config", str(path)).exit_code == 0
    assert usage("rows", "--json", "--config", str(path)).output == ""
    assert list(tmp_path.iterdir()) == [path]


def test_a_store_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "sealink.toml"
    path.write_text(CONFIG + '[store]\nurl = "postgresql://sealink:sesame@127.0.0.1:1/sealink"\n')
    result = usage("--config", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith("cannot read the store: ")
    assert "sesame" not in result.output
