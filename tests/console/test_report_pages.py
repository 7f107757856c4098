"""Overview, requests and usage over a filled store: what is shown is what the ledger says; pages stay small."""

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance.plain_http import post_chat
from acceptance.usage_rows import settled_rows
from console.browser import Console, running
from console.many_requests import fill, requests
from console.test_signing_in import csrf_in, signed_in
from sealink.console.pages.requests import PAGE_ROWS
from sealink.console.rendering import usage_link
from sealink.console.waterfall import waterfall
from sealink.ledger.reports.over_time import RANGES, OverTime
from sealink.ledger.reports.report import open_report
from sealink.ledger.requests_table import RequestsTable

COUNT = 1500
HTML = "<script>alert(1)</script>"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]


class Reader:
    """Somebody who is signed in."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.cookie = signed_in(console)

    def get(self, path: str) -> str:
        status, _, text = self.console.ask("GET", path, cookie=self.cookie)
        assert status == 200, text
        return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[Reader]:
    fill(folder / "sealink.db", COUNT, datetime.now(UTC))
    row = next(requests(1, datetime.now(UTC)))
    table = RequestsTable(f"sqlite:///{folder / 'sealink.db'}", timeout_s=5)
    names = dict.fromkeys(("model", "key", "team", "task_type", "code", "served_model"), HTML)
    table.insert([{**row, "request_id": "req_html", **names, "ended": "error"}])
    whole = {**row, "key": "file", "streamed": False, "ended": "done", "duration_ms": 75_000.0}
    table.insert([{**whole, "request_id": f"req_whole_{number}"} for number in range(20)])
    table.close()
    with running(folder) as console:
        yield Reader(console)


def test_the_charts_are_the_ledgers_sums(reader: Reader, folder: Path) -> None:
    text = reader.get("/?range=30d")
    url = f"sqlite:///{folder / 'sealink.db'}"
    table = RequestsTable(url, timeout_s=5)
    with table.reading() as connection, open_report(url, folder / "sealink.db.journal") as report:
        now = datetime.now(UTC)
        found = OverTime().read(connection, RANGES["30d"], now)
        begin = found.steps[0].begin
        rows = [row for row in report.rows() if row["started_at"] >= begin]
    table.close()
    assert found.requests == len(rows) > COUNT * 0.9
    assert found.cost.total() == sum(row["cost_nano_usd"] or 0 for row in rows)
    assert found.tokens == (
        sum(row["input_tokens"] or 0 for row in rows),
        sum(row["output_tokens"] or 0 for row in rows),
    )
    assert f"{len(rows):,} in all" in text
    shown = [int(each) for each in re.findall(r'<tr><th scope="row">[\d-]+</th><td class="n">(\d+)</td>', text)]
    assert sum(shown) == found.endings["done"]
    times = sorted(row["ttft_ms"] for row in rows if row["ttft_ms"] is not None)
    p50, p95 = found.ttft
    assert p50 == pytest.approx(times[len(times) // 2], rel=0.02)
    assert p95 == pytest.approx(times[len(times) * 95 // 100], rel=0.02)


def test_steps_that_are_over_are_read_once_unless_rows_have_come(folder: Path, reader: Reader) -> None:
    table = RequestsTable(f"sqlite:///{folder / 'sealink.db'}", timeout_s=5)
    over_time, now = OverTime(), datetime.now(UTC)
    late = next(requests(1, RANGES["7d"].begin(now)))
    with table.reading() as connection:
        first = over_time.read(connection, RANGES["7d"], now)
        again = over_time.read(connection, RANGES["7d"], now)
    assert [step for step in again.steps if step != again.steps[-1]] == first.steps[:-1]
    assert (first.requests, first.cost) == (again.requests, again.cost)
    table.insert([{**late, "request_id": "req_late"}])
    with table.reading() as connection:
        assert over_time.read(connection, RANGES["7d"], now).requests == first.requests + 1
    table.close()


@pytest.mark.parametrize("name", RANGES)
def test_every_range_is_shown(reader: Reader, name: str) -> None:
    text = reader.get(f"/?range={name}")
    assert RANGES[name].title in text
    assert len(text) < 150_000


def test_the_list_goes_from_page_to_page_through_all(reader: Reader) -> None:
    path, seen = "/requests?key=notebook", []
    while path:
        text = reader.get(path)
        seen += re.findall(r'class="row" href="/requests/(\w+)"', text)
        more = re.search(r'<a href="(\?[^"]+)">Earlier', text)
        path = f"/requests{html.unescape(more[1])}" if more else ""
    wanted = [row["request_id"] for row in requests(COUNT, datetime.now(UTC)) if row["key"] == "notebook"]
    assert [each for each in seen if each != "req_late"] == wanted


def test_filters_are_kept_and_an_id_leads_to_its_request(reader: Reader) -> None:
    text = reader.get("/requests?ended=timed_out&model=gpt-5.5")
    assert "timed_out" in text
    assert "claude-sonnet-4-5" not in text
    status, fields, _ = reader.console.ask("GET", "/requests?q=req_1", cookie=reader.cookie)
    assert (status, fields["location"]) == (303, "/requests/req_1")
    assert reader.console.ask("GET", "/requests?since=never", cookie=reader.cookie)[0] == 400
    assert reader.console.ask("GET", "/requests/req_1", cookie=reader.cookie)[0] == 404


def test_a_request_is_shown_as_a_waterfall(reader: Reader) -> None:
    long = next(
        row for row in requests(COUNT, datetime.now(UTC)) if len(row["timeline"]) > 4 and len(row["attempts"]) > 1
    )
    text = reader.get(f"/requests/{long['request_id']}")
    for words in ("connection open, request sent", "headers from the provider", "first content", "1 gap", "last byte"):
        assert words in text
    assert "rate_limit_exceeded" in text


def test_a_key_that_waits_whole_for_long_answers_is_told_of(reader: Reader) -> None:
    for path in ("/", "/keys/file"):
        assert "It waits whole for long answers: 20 of its last 20 took" in reader.get(path)
    assert "It streams short replies" not in reader.get("/")
    assert "after 75 s of silence" in reader.get("/requests/req_whole_1")


def test_a_key_that_streams_structured_output_is_told_of(reader: Reader, folder: Path) -> None:
    port, key = reader.console.process.port, "sk-of-somebody-else"
    asked = {"model": "sealink/sim", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    json_asked = {**asked, "response_format": {"type": "json_object"}}
    called = {**asked, "tools": TOOLS, "tool_choice": "required"}
    for request in [asked, *[json_asked] * 15, *[called] * 3]:
        assert post_chat(port, request, key).status == 200
    assert "It streams" not in reader.get("/keys/somebody-else")
    assert post_chat(port, called, key).status == 200
    _, rows = settled_rows(folder)
    own = [row for row in rows if row["key"] == "somebody-else"]
    assert [row["structured"] for row in own] == [False] + [True] * 19
    for path in ("/", "/keys/somebody-else"):
        assert "It streams structured output: 19 of its last 20 streams" in reader.get(path)
    text = reader.get(f"/requests/{own[-1]['request_id']}")
    assert "streamed, structured output" in text
    assert "It streamed structured output" in text
    assert "structured" not in reader.get(f"/requests/{own[0]['request_id']}")


def test_bars_follow_one_another_and_marks_are_in_between() -> None:
    marks = [("admitted", 0.0), ("connected", 10.0), ("heartbeat", 20.0), ("first_content", 40.0), ("gap", 60.0)]
    bars = waterfall([*marks, ("last_byte", 100.0)], 100.0)
    assert [(bar.at_ms, bar.took_ms, bar.x, bar.width, bar.is_stream) for bar in bars] == [
        (10.0, 10.0, 0.0, 100.0, False),
        (40.0, 30.0, 100.0, 300.0, False),
        (100.0, 60.0, 400.0, 600.0, True),
        (100.0, 0.0, 1000.0, 0.0, False),
    ]
    assert [mark.kind for bar in bars for mark in bar.marks] == ["heartbeat", "gap"]
    assert waterfall([("admitted", 0.0)], None) == []


@pytest.mark.parametrize("by", ["model", "key", "team", "task", "day", "provider"])
def test_usage_is_the_ledgers_and_the_file_has_the_same(reader: Reader, folder: Path, by: str) -> None:
    text = reader.get(f"/usage?by={by}&since=")
    with open_report(f"sqlite:///{folder / 'sealink.db'}", folder / "sealink.db.journal") as report:
        found = report.summary((by,))  # type: ignore[arg-type]
    assert f"{found.total.requests:,}" in text
    assert f"${found.total.cost_nano_usd / 1e9:,.2f}" in text
    lines = list(csv.DictReader(io.StringIO(reader.get(f"/usage/csv?by={by}&since="))))
    assert sum(int(line["cost_nano_usd"]) for line in lines) == found.total.cost_nano_usd
    assert {line[by] for line in lines} == {name or "" for (name,) in found.groups}


def test_a_group_leads_to_the_requests_that_it_is_the_sum_of(reader: Reader, folder: Path) -> None:
    with open_report(f"sqlite:///{folder / 'sealink.db'}", folder / "sealink.db.journal") as report:
        groups = report.summary(("task", "day")).groups
    linked = [group for group in groups if usage_link(("task", "day"), group, {}) is not None]
    assert [group for group in groups if group not in linked] == [group for group in groups if group[0] is None] != []
    for group in linked[:3]:
        text = reader.get(f"/requests{usage_link(('task', 'day'), group, {})}")
        assert text.count('class="row" href="/requests/') == min(groups[group].requests, PAGE_ROWS)
    narrow = usage_link(("day",), ("2026-01-02",), {"since": "2026-01-02T12:00:00Z", "until": "2026-02-01"})
    assert narrow == "?since=2026-01-02T12%3A00%3A00Z&until=2026-01-03"


def test_a_wrong_question_names_what_is_wrong(reader: Reader) -> None:
    for path in (
        "/usage?by=color",
        "/usage?by=model&then=color",
        "/usage?since=soon",
        "/usage?since=0001-01-01T00:00%2B14:00",
    ):
        status, _, text = reader.console.ask("GET", path, cookie=reader.cookie)
        assert status == 400
        assert "`by`: " in text or "`since`: " in text


@pytest.mark.parametrize(
    "path", ["/", "/requests", "/requests/req_html", "/usage", "/usage?by=key", "/usage?by=team&then=task"]
)
def test_what_clients_and_providers_have_said_is_shown_as_text(reader: Reader, path: str) -> None:
    text = reader.get(path)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text or path == "/"


def test_the_settings_hide_what_is_secret_and_are_read_again_after_a_look(reader: Reader, folder: Path) -> None:
    text = reader.get("/settings")
    assert "sk-of-the-file" not in text
    assert "••••" in text
    file = folder / "sealink.toml"
    before = file.read_text()
    file.write_text(
        f'{before}\n[[keys]]\nname = "second"\nkey = "sk-another"\n[[prices]]\nmodel = "x"\nmarkup_percent = 10\n'
    )
    try:
        text = reader.get("/settings?check=1")
        assert "[[keys]] second: added" in text
        assert "second" not in reader.get("/settings")
        csrf = csrf_in(text)
        status, _, text = reader.console.ask("POST", "/settings", {"csrf": csrf}, cookie=reader.cookie)
        assert (status, "[[keys]] second: added" in text) == (200, True)
        assert "sk-another" not in text
        file.write_text(f"{before}\n[server]\nport = 1\n")
        status, _, text = reader.console.ask("POST", "/settings", {"csrf": csrf}, cookie=reader.cookie)
        assert status == 400
        assert "sealink.toml" in text
    finally:
        file.write_text(before)


def test_the_models_are_listed_with_their_targets(reader: Reader) -> None:
    text = reader.get("/models")
    assert "slow:sealink/sim" in text
    assert "simulated" in text
    assert "sealink/slow" not in reader.get("/models?q=nothing")
