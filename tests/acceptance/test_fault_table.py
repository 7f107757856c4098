"""Whatever goes wrong with a provider, the client, the ledger and the provider agree on how the stream ended.

Every fault of the simulated provider, in each of its dialects, at every place, with one target and with two: the
stock OpenAI client streams through a real `sealink serve`. No cell may be empty, hang, or end as a success that it is
not. The table is printed with the test's report.
"""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, get_args

import openai
import pytest

from acceptance.faults_told import CANNOT_BE, MOMENTS, NOTHING, OTHERWISE, WHOLE, Told, broken, refused
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import usage_rows
from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.net.message import Request, Responder
from sealink.net.server import Handler
from sealink.sim import SIM_MODEL, SimDialect, SimSettings
from sealink.sim.faults import FAULTS, read_faults
from sealink.telemetry import request_log
from sealink.telemetry.log_format import json_line, text_line
from sealink.usage import Usage
from sim.simulation import running_sim

FIRST_CONTENT_S, IDLE_S, TOTAL_S = 1.0, 1.0, 3.0
LONG_S = 20.0
"""For the frames of many megabytes, which one process makes and reads here."""
HANG_S = LONG_S + 5
CLOSED_S = 1.0
"""How long after the client's last byte the provider may still be busy with its request."""
AT_ONCE, LONG_AT_ONCE = 16, 2

pytestmark = pytest.mark.serial  # timers of a second decide how a cell ends

TOKENS = 16  # the fewest that may be asked of all providers
TEXT = "This is SeaLink's simulated model.\n\nThe gates were hung in"
"""The whole answer to MESSAGES, of TOKENS tokens."""
LONG = "harbour " * 1_250_000
"""What the fault "long-frame" puts into the answer."""
MESSAGES: Any = [{"role": "user", "content": "Hello, the weather and the time, please!"}]
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]


@dataclass
class Cell:
    """One request: what was asked, and what became of it. `alone` is what is told with one target."""

    number: int
    dialect: SimDialect
    moment: str
    fault: str
    targets: int
    alone: Told
    told: Told = NOTHING
    error: str = "-"
    text: str = ""
    says_fallback: bool = False
    calls: dict[int, list[str]] = field(default_factory=dict)
    request_id: str = ""
    left_at: float = 0.0
    row: dict[str, Any] = field(default_factory=dict)
    logged: str = ""
    upstream: list["Visit"] = field(default_factory=list)

    @property
    def is_fallback(self) -> bool:
        """Whether the second target must come to the client's help."""
        return self.targets == 2 and self.moment.startswith("before") and self.alone.finish is None

    @property
    def expected(self) -> Told:
        return WHOLE if self.is_fallback else self.alone

    @property
    def is_long(self) -> bool:
        return self.fault.startswith("long-frame")


@dataclass
class Visit:
    """A request as a provider lived it: `ended_at` is when it was rid of it, `how` in what way."""

    how: str = "still open"
    ended_at: float = float("inf")


VISITS: dict[str, list[Visit]] = {}

_LOGGED = re.compile(r" sealink\.requests request_id=(\S+)")


def watched(handler: Handler) -> Handler:
    async def handle(request: Request, responder: Responder) -> None:
        visit = Visit()
        asked = json.loads(request.body)
        named = asked.get("user") or asked.get("labels", {}).get("user") or asked["metadata"]["user_id"]
        VISITS.setdefault(named, []).append(visit)
        how = "answered"
        try:
            await handler(request, responder)
            how = "broke off" if responder.gone else "answered"
        except asyncio.CancelledError:
            how = "was left"
            raise
        finally:
            visit.how, visit.ended_at = how, time.monotonic()

    return handle


def cells(full: bool) -> list[Cell]:
    """All, or each dialect's faults with the one number of targets that says the most of them.

    A second target can help before the answer has begun, and no more after that. OpenAI's dialect is always in full.
    """
    found = [
        (dialect, moment, fault, targets, OTHERWISE.get(dialect, {}).get(fault, told))
        for dialect in get_args(SimDialect)
        for moment, faults in MOMENTS.items()
        for fault, told in faults.items()
        for targets in (1, 2)
        if full or dialect == "openai" or targets == (2 if moment.startswith("before") else 1)
    ]
    return [Cell(number, *fields) for number, fields in enumerate(found)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a `number` is run once for each cell."""
    if "number" in metafunc.fixturenames:
        all_cells = cells(metafunc.config.getoption("--full"))
        names = [f"{cell.dialect}-{cell.moment}-{cell.fault}-{cell.targets}" for cell in all_cells]
        metafunc.parametrize("number", range(len(names)), ids=names)


@pytest.fixture(scope="module")
def table(full: bool, tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    folder = tmp_path_factory.mktemp("faults")
    settings = SimSettings(ttft_s=0.01, tokens_per_s=100)
    filled = cells(full)
    with ExitStack() as stack:
        sims = {
            f"{dialect} {rank}": stack.enter_context(running_sim(settings, dialect, watched))
            for dialect in get_args(SimDialect)
            for rank in ("first", "second")
        }
        sealink = stack.enter_context(
            SealinkProcess(config_of({name: sim.url for name, sim in sims.items()}, filled), folder)
        )
        asyncio.run(fill(sealink, filled))
        deadline = time.monotonic() + CLOSED_S
        while any(sim.server.open_requests for sim in sims.values()) and time.monotonic() < deadline:
            time.sleep(0.01)
        rows = {row["request_id"]: row for row in usage_rows(folder)}
    logged = {found[1]: line for line in sealink.log.splitlines() if (found := _LOGGED.search(line))}
    for cell in filled:
        cell.row = rows.get(cell.request_id, {})
        cell.logged = logged.get(cell.request_id, "")
        cell.upstream = VISITS.get(user_of(cell), [])
    return filled


def config_of(urls: dict[str, str], filled: list[Cell]) -> str:
    tables = [
        f'[[keys]]\nname = "tests"\nkey = "{KEY}"',
        f"[timeouts]\nconnect_s = 2\nfirst_content_s = {FIRST_CONTENT_S}\nidle_s = {IDLE_S}\ntotal_s = {TOTAL_S}",
        "[retry]\nattempts = 2\nfirst_delay_s = 0.01\nbudget_share = 1.0",
    ]
    for name, url in urls.items():
        dialect, base = name.split()[0], f"{url}/v1" if name.startswith(("openai", "responses")) else url
        tables.append(f'[[providers]]\nname = "{name}"\ndialect = "{dialect}"\nbase_url = "{base}"')
    for cell in filled:
        targets = [f'{{ provider = "{cell.dialect} first", model = "{SIM_MODEL}+{cell.fault}" }}']
        targets += [f'{{ provider = "{cell.dialect} second", model = "{SIM_MODEL}" }}'] * (cell.targets - 1)
        timers = f"first_content_s = {LONG_S}\ntotal_s = {LONG_S}\n" if cell.is_long else ""
        tables.append(f'[[models]]\nid = "{model_of(cell)}"\n{timers}targets = [{", ".join(targets)}]')
    return "\n\n".join(tables) + "\n"


def model_of(cell: Cell) -> str:
    return f"model {cell.number}"


def user_of(cell: Cell) -> str:
    return f"cell {cell.number}"


async def fill(sealink: SealinkProcess, filled: list[Cell]) -> None:
    gates = {False: asyncio.Semaphore(AT_ONCE), True: asyncio.Semaphore(LONG_AT_ONCE)}
    async with openai.AsyncOpenAI(base_url=f"{sealink.url}/v1", api_key=KEY, max_retries=0) as client:

        async def one(cell: Cell) -> None:
            async with gates[cell.is_long]:
                try:
                    await asyncio.wait_for(ask(client, cell), HANG_S)
                except TimeoutError:
                    cell.error = "hangs"
                cell.left_at = time.monotonic()

        # The long frames apart: who makes and reads them here has no time for the others' timers.
        for is_long in (False, True):
            now = [cell for cell in filled if cell.is_long == is_long]
            for cell, fault in zip(now, await asyncio.gather(*map(one, now), return_exceptions=True), strict=True):
                if fault is not None:
                    cell.error = f"{type(fault).__name__}: {fault}"


async def ask(client: openai.AsyncOpenAI, cell: Cell) -> None:
    """One stream, as the stock client sees it."""
    more: Any = {"tools": TOOLS, "max_tokens": 200} if cell.fault == "tool-index" else {"max_tokens": TOKENS}
    if cell.dialect == "gemini":
        more |= {"extra_body": {"labels": {"user": user_of(cell)}}}  # it has no other place for a user
    try:
        answer = await client.chat.completions.with_raw_response.create(
            model=model_of(cell), messages=MESSAGES, stream=True, user=user_of(cell), **more
        )
        cell.request_id = answer.headers["x-request-id"]
        cell.says_fallback = answer.headers.get("x-sealink-fallback") == "true"
        finish = None
        async for chunk in answer.parse():
            finish = take(cell, chunk) or finish
        cell.told = Told(200, finish=finish)
    except openai.APIStatusError as error:
        cell.request_id = error.response.headers["x-request-id"]
        cell.error, cell.told = type(error).__name__, refused(error.status_code, error.code)
    except openai.APIError as error:
        cell.error, cell.told = type(error).__name__, broken(error.code)


def take(cell: Cell, chunk: Any) -> str | None:
    choice = chunk.choices[0]
    cell.text += choice.delta.content or ""
    for call in choice.delta.tool_calls or ():
        cell.calls.setdefault(call.index, []).append((call.function.name or "") + (call.function.arguments or ""))
    return choice.finish_reason


# What must be so in every cell.

MUST_BE_LEFT = ("stall", "endless", "bad-json", "half-utf8", "garbage")
"""Faults after which the provider would go on, or be waited for: SeaLink must close the connection."""


def test_the_client_is_told_the_truth(table: list[Cell], number: int) -> None:
    cell = table[number]
    assert (cell.told, cell.error == "-") == (cell.expected, cell.expected.finish is not None), line_of(cell)
    if cell.told.finish == "tool_calls":
        assert {index: "".join(said) for index, said in cell.calls.items()} == {0: "get_weather{}", 1: "get_time{}"}
    elif cell.told.finish:
        assert cell.text.replace(LONG, "") == TEXT
    elif cell.told.status == 200:
        assert cell.text or cell.calls
        assert cell.text.startswith(TEXT[:17]) if cell.fault == "endless" else TEXT.startswith(cell.text)
    else:
        assert cell.text == ""
    assert cell.says_fallback == cell.is_fallback


def test_the_ledger_says_the_same(table: list[Cell], number: int) -> None:
    cell, row = table[number], table[number].row
    tried = [(name.split()[1], code is None) for name, _, code in map(attempt_of, row["attempts"])]
    if cell.expected.finish:
        untold = (cell.dialect, cell.fault) == ("anthropic", "no-finish")  # the last word on usage is left out, too
        assert (row["ended"], row["code"]) == ("done", None)
        assert row["usage_source"] == ("estimated" if untold else "provider")
        assert tried == [("first", False), ("second", True)] if cell.is_fallback else [("first", True)]
        if untold:
            assert row["output_tokens"] > 1
        elif not cell.calls:
            assert row["output_tokens"] == TOKENS + (cell.is_long and not cell.is_fallback)
        return
    timers = ("first_content", "idle", "total")
    assert row["ended"] == ("timed_out" if cell.told.code in timers else "error")
    assert (row["ended_by"], row["code"]) == ("upstream", cell.told.code or "server_error")
    if cell.told.status == 200:
        assert row["usage_source"] in ("estimated", "partial")
        assert row["output_tokens"] > 0
        # Where the fault comes in one read with the first content, nothing has been sent yet, and it is tried again.
        assert tried[-1] == ("first", True)
        assert set(tried[:-1]) <= {("first", False)}
    else:
        assert (row["usage_source"], row["output_tokens"]) == (None, None)
        assert set(tried) == {("first", False)}


def test_the_log_says_the_same_in_either_format(table: list[Cell]) -> None:
    """Of each cell there is one line, with all that its row has; as JSON it would have the same fields."""
    for cell in table:
        row = cell.row
        fields = {name: row[name] for name in Settlement.__struct_fields__ if name in row and name != "attempts"}
        if row["output_tokens"] is not None:
            fields["usage"] = Usage(row["input_tokens"], row["output_tokens"])
        settlement = Settlement(**fields, attempts=[Attempt(*attempt_of(each)) for each in row["attempts"]])
        admission = Admission(**{name: row[name] for name in ("request_id", "key", "model", "client")}, **STREAMED)
        level, line = request_log.level_of(settlement), request_log.line_of(admission, settlement)
        assert cell.logged[len("2026-01-02 03:04:05,678 ") :] == text_line(0, level, line).split(" ", 2)[2].rstrip("\n")
        assert level == (logging.INFO if cell.told.finish else logging.WARNING), line_of(cell)
        told = json.loads(json_line(0, level, line))
        assert (told.pop("time"), told.pop("level"), told.pop("logger")) == (
            "1970-01-01T00:00:00.000Z", logging.getLevelName(level).lower(), "sealink.requests",
        )  # fmt: skip
        assert list(told) == re.findall(r" (\w+)=", cell.logged)
        for name in ("request_id", "key", "model", "ended", "code", "output_tokens"):
            assert told.get(name) == row[name]


STREAMED: Any = {"streamed": True, "started_at": 0.0}


def test_the_provider_is_rid_of_it_in_time(table: list[Cell], number: int) -> None:
    cell = table[number]
    assert cell.upstream
    assert max(visit.ended_at for visit in cell.upstream) - cell.left_at < CLOSED_S
    if cell.fault.startswith(MUST_BE_LEFT) and cell.alone.finish is None:
        assert cell.upstream[0].how == ("broke off" if cell.fault == "garbage@headers" else "was left")


def test_no_fault_is_missing(full: bool) -> None:
    struck = {(fault.name, cell.moment) for cell in cells(full) for fault in read_faults(cell.fault, "")}
    throughout = {name for name, moment in struck if moment == "throughout"}
    before = {name for name, moment in struck if moment.startswith("before")}
    after = {name for name, moment in [*struck, *CANNOT_BE] if moment == "after content"}
    assert throughout | (before & after) == set(FAULTS)
    assert {name for name, kind in FAULTS.items() if kind.placed} <= before & after


def test_the_table(table: list[Cell], report: Callable[[str], None]) -> None:
    report("provider | when | fault | targets | the client's SDK | the ledger | the provider, ms from the client's end")
    for cell in table:
        report(line_of(cell))
    for (fault, moment), why in CANNOT_BE.items():
        report(f"{moment} | {fault} | cannot be: {why}")
    assert all(cell.row and cell.upstream and cell.told.status for cell in table)


def attempt_of(attempt: Any) -> tuple[str, str, str | None]:
    """A row's attempts are lists or objects, as the ledger has them."""
    if isinstance(attempt, dict):
        return attempt["provider"], attempt["model"], attempt.get("code")
    provider, model, *rest = attempt
    return provider, model, rest[0] if rest else None


def line_of(cell: Cell) -> str:
    return " | ".join(
        [cell.dialect, cell.moment, cell.fault, str(cell.targets), *map(str, (seen(cell), ledger(cell), lived(cell)))]
    )


def seen(cell: Cell) -> str:
    told = cell.told
    if told.finish:
        return f"whole, {told.finish}{', from the second' if cell.says_fallback else ''}"
    where = f"after {len(cell.text)} characters" if told.status == 200 else str(told.status)
    return f"{cell.error} {where} {told.code}"


def ledger(cell: Cell) -> str:
    row = cell.row
    words = [row.get("ended"), row.get("code"), row.get("usage_source"), row.get("output_tokens")]
    return " ".join(str(word) for word in words if word is not None) + f", tried {len(row.get('attempts') or [])}"


def lived(cell: Cell) -> str:
    return ", ".join(f"{visit.how} {(visit.ended_at - cell.left_at) * 1000:+.0f}" for visit in cell.upstream)
