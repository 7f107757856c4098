"""Open streams of several processes: listed together by whichever has the admin port, and ended wherever they are."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from acceptance.sealink_process import SealinkProcess
from console.browser import CONFIG, PATIENCE_S, Console
from console.test_in_browser import stream
from console.test_signing_in import signed_in
from waiting import until

STREAMS = 8


def test_streams_of_all_workers_are_listed_and_ended(tmp_path: Path) -> None:
    with SealinkProcess(CONFIG, tmp_path, command=("serve", "--workers", "2")) as process:
        console = Console(process)
        with ThreadPoolExecutor(STREAMS) as threads:
            answers = list(threads.map(lambda _: stream(console), range(STREAMS)))
            until(lambda: len(listed(console)) == STREAMS, within_s=PATIENCE_S)
            ids = {each["id"] for each in listed(console)}
            assert ids == {answer.headers["x-request-id"] for answer in answers}
            for request_id in ids:
                assert asked(console, "DELETE", f"/admin/v1/streams/{request_id}")["ended"] is True
            texts = list(threads.map(ended, answers))
        assert all('"ended_by_operator"' in text for text in texts)
        assert listed(console) == []
        (first, *_) = ids
        assert asked(console, "DELETE", f"/admin/v1/streams/{first}")["error"]["code"] == "stream_not_found"


def test_events_tell_what_does_not_change_once(tmp_path: Path) -> None:
    with SealinkProcess(CONFIG, tmp_path, command=("serve", "--workers", "2")) as process:
        console = Console(process)
        with ThreadPoolExecutor(STREAMS) as threads:
            answers = list(threads.map(lambda _: stream(console), range(STREAMS)))
            for answer in answers:
                answer.readline()  # the first content has come
            ids = {answer.headers["x-request-id"] for answer in answers}
            with events(console) as told:
                first, *_, last = (processes(told) for _ in range(3))
            for answer in answers:
                answer.close()
    whole, short = ([row for each in event for row in each[3]] for event in (first, last))
    assert len(first) == len(last) == 2
    assert {row[0] for row in whole} == {row[0] for row in short} == ids
    assert {(row[1], *row[8:]) for row in whole} == {("streaming", "file", "sealink/slow", "slow", "sealink/sim")}
    assert {len(row) for row in short} == {6}
    tokens = {row[0]: row[2] for row in whole}
    assert all(row[2] > tokens[row[0]] for row in short)


def events(console: Console) -> HTTPResponse:
    """What the page of open streams is pushed."""
    connection = HTTPConnection("127.0.0.1", console.port, timeout=PATIENCE_S)
    connection.request("GET", "/live/events", headers={"cookie": signed_in(console), "connection": "close"})
    return connection.getresponse()


def processes(told: HTTPResponse) -> Any:
    """The next event."""
    field, value = told.readline(), told.readline()
    assert value == b"\n"
    return json.loads(field.removeprefix(b"data: "))


def listed(console: Console) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(console, "GET", "/admin/v1/streams")["data"]
    return found


def asked(console: Console, method: str, path: str) -> Any:
    return json.loads(console.ask(method, path, authorization=f"Bearer {console.token}")[2])


def ended(answer: HTTPResponse) -> str:
    with answer:
        return answer.read().decode()
