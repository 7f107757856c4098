"""Open streams of several processes: listed together by whichever has the admin port, and ended wherever they are."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from acceptance.sealink_process import SealinkProcess
from console.browser import CONFIG, PATIENCE_S, Console
from console.test_in_browser import stream
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


def listed(console: Console) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(console, "GET", "/admin/v1/streams")["data"]
    return found


def asked(console: Console, method: str, path: str) -> Any:
    return json.loads(console.ask(method, path, authorization=f"Bearer {console.token}")[2])


def ended(answer: HTTPResponse) -> str:
    with answer:
        return answer.read().decode()
