"""The line that a request leaves in the log."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.telemetry.log_format import JsonFormatter, LogFormat, json_line, text_line
from sealink.telemetry.log_lines import LogLines
from sealink.telemetry.request_log import RequestLog, level_of, line_of
from sealink.trace_context import TraceContext
from sealink.usage import Usage

pytestmark = pytest.mark.usefixtures("filled_in")

ADMISSION = Admission(
    request_id="req_1", key="dev", model="fast", client="openai", streamed=True, started_at=0.0, task_type="chat bot"
)
DONE = Settlement(
    request_id="req_1",
    provider="openai",
    served_model="gpt-4o",
    attempts=[Attempt("x", "y", "connect"), Attempt("openai", "gpt-4o")],
    usage=Usage(45, 230),
    usage_source="provider",
    cost_nano_usd=3_412_500,
    ttft_ms=312.04,
    duration_ms=4210.0,
    longest_gap_ms=81.26,
    chunks=120,
)
TEXT = (
    'request_id=req_1 key=dev task="chat bot" client=openai model=fast target=openai:gpt-4o status=200 ended=done'
    " ended_by=upstream attempts=2 ttft_ms=312.0 duration_ms=4210.0 longest_gap_ms=81.3 chunks=120 input_tokens=45"
    " output_tokens=230 usage=provider cost_usd=0.003412500"
)


def test_a_line_for_a_terminal() -> None:
    line = text_line(0.5, logging.INFO, line_of(ADMISSION, DONE))
    assert line[23:] == f" INFO sealink.requests {TEXT}\n"
    assert line[19:23] == ",500"


def test_a_line_for_a_machine() -> None:
    line = json.loads(json_line(1_700_000_000.25, logging.INFO, line_of(ADMISSION, DONE)))
    assert line["time"] == "2023-11-14T22:13:20.250Z"
    assert (line["level"], line["logger"]) == ("info", "sealink.requests")
    assert (line["task"], line["target"], line["cost_usd"]) == ("chat bot", "openai:gpt-4o", 0.0034125)


def test_what_is_not_known_is_left_out() -> None:
    line = line_of(ADMISSION, Settlement(request_id="req_1", ended="client_gone", ended_by="client", status=499))
    names = list(json.loads(msgspec.json.encode(line)))
    assert names == ["request_id", "key", "task", "client", "model", "status", "ended", "ended_by"]


@pytest.mark.parametrize("model", ["a b", "a\nINFO forged", 'a"b', "a=b", "", "a\x1b[31m", "\u2028", "é\n", "é b"])
def test_nothing_that_a_client_names_can_forge_a_line_or_a_field(model: str) -> None:
    line = text_line(0.0, logging.INFO, {"model": model, "status": 200})
    (value,) = [line[line.index("model=") + 6 : -len(" status=200\n")]]
    assert json.loads(value) == model
    assert line.count("\n") == 1


@pytest.mark.parametrize("model", ["a", "a:b/c,d", ",", "é", "模型"])
def test_a_name_that_is_one_word_needs_no_quotes(model: str) -> None:
    line = text_line(0.0, logging.INFO, {"model": model, "cost_usd": msgspec.Raw(b"0.100")})
    assert line.endswith(f" model={model} cost_usd=0.100\n")


@pytest.mark.parametrize(
    ("settlement", "level"),
    [
        (DONE, logging.INFO),
        (Settlement(request_id="r", ended="client_gone", ended_by="client"), logging.INFO),
        (Settlement(request_id="r", ended="error", ended_by="client", code="invalid_json"), logging.INFO),
        (Settlement(request_id="r", ended="error", ended_by="upstream", code="upstream_refused"), logging.WARNING),
        (Settlement(request_id="r", ended="timed_out", ended_by="upstream", code="idle"), logging.WARNING),
        (Settlement(request_id="r", ended="error", ended_by="sealink", code="internal_error"), logging.ERROR),
    ],
    ids=["done", "client gone", "client's mistake", "refused", "timed out", "internal"],
)
def test_levels(settlement: Settlement, level: int) -> None:
    assert level_of(settlement) == level


def test_lines_of_a_moment_are_written_together_and_below_the_level_none() -> None:
    stream, later = io.StringIO(), list[Callable[[], None]]()
    lines = LogLines(stream, lambda _, call: later.append(call))
    log = RequestLog(lines.write, "json")
    logging.getLogger("sealink.requests").setLevel(logging.INFO)
    try:
        log.settled(ADMISSION, DONE)
        log.settled(ADMISSION, DONE)
        assert (stream.getvalue(), len(later)) == ("", 1)
        later.pop()()
        assert stream.getvalue().count("\n") == 2
        logging.getLogger("sealink.requests").setLevel(logging.WARNING)
        log.settled(ADMISSION, DONE)
        assert later == []
    finally:
        logging.getLogger("sealink.requests").setLevel(logging.NOTSET)


REFUSED = Settlement(request_id="req_2", ended="refused", ended_by="client", code="invalid_json", status=400)
ODD = msgspec.structs.replace(ADMISSION, team='50 % of "all"', model="%s %d é", trace=TraceContext("1" * 32, "2" * 16))


@pytest.mark.parametrize("admission", [ADMISSION, ODD, msgspec.structs.replace(ADMISSION, model="%.1f")])
@pytest.mark.parametrize(
    "settlement",
    [DONE, REFUSED, msgspec.structs.replace(DONE, ttft_ms=0.0, chunks=0, cost_nano_usd=0, usage=Usage(0, 0))],
    ids=["done", "refused", "zeros"],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_kept_of_a_line_makes_the_same_line(
    form: LogFormat, admission: Admission, settlement: Settlement
) -> None:
    """Of the second of two that differ only in ids, times and numbers."""
    written: list[bytes] = []
    log = RequestLog(written.append, form)
    later = msgspec.structs.replace(admission, request_id="req_3")
    numbers: dict[str, Any] = {
        "duration_ms": 0.25,
        "ttft_ms": 99999.96,
        "cost_nano_usd": 12_000_000_001,
        "chunks": 7,
        "queued_ms": 3.26,
    }
    other = msgspec.structs.replace(settlement, **numbers)
    logging.getLogger("sealink.requests").setLevel(logging.INFO)
    try:
        log.settled(admission, settlement)
        log.settled(later, other)
    finally:
        logging.getLogger("sealink.requests").setLevel(logging.NOTSET)
    begin, write = {"text": (23, text_line), "json": (34, json_line)}[form]
    for line, asked, ended in zip(written, (admission, later), (settlement, other), strict=True):
        assert line.decode()[begin:] == write(0.0, level_of(ended), line_of(asked, ended))[begin:]


def test_a_record_with_a_traceback_is_one_json_object() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("sealink.x", logging.ERROR, "f.py", 1, "%s failed", ("it",), info)
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["level"], line["logger"]) == ("it failed", "error", "sealink.x")
    assert line["traceback"].endswith("ValueError: no")
