"""No file descriptor is left for a while: requests are answered on the connections there are, and each has its row."""

import json
import os
import resource
from http.client import HTTPConnection
from pathlib import Path

from acceptance.house import house
from acceptance.made_streams import openai_stream
from acceptance.sealink_process import KEY
from acceptance.usage_rows import settled_rows, usage_rows
from replay import Answer

REQUESTS = 30


def test_each_answer_has_its_row(tmp_path: Path) -> None:
    # Of a known length: its connection is free again before its client can ask anew. No other one can be opened.
    hello = Answer(openai_stream(["Hello"]), framing="length")
    with house(lambda _: hello, {"m": "openai"}, tmp_path) as it:
        client = HTTPConnection("127.0.0.1", it.sealink.port, timeout=30)
        answered = [ask(client)]
        settled_rows(tmp_path)  # all that SeaLink loads at its start is loaded
        limits = resource.prlimit(it.sealink.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(it.sealink.pid, resource.RLIMIT_NOFILE, (lowest_free(it.sealink.pid), limits[1]))
        it.upstream.wait(lambda: "rows wait in the journal" in it.sealink.log or answered.append(ask(client)))
        answered += [ask(client) for _ in range(REQUESTS)]
        resource.prlimit(it.sealink.pid, resource.RLIMIT_NOFILE, limits)
        client.close()
    assert {row["request_id"]: row["ended"] for row in usage_rows(tmp_path)} == dict.fromkeys(answered, "done")


def ask(client: HTTPConnection) -> str:
    """Ask on the connection there is. Returns the request's id."""
    request = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    client.request("POST", "/v1/chat/completions", json.dumps(request), {"authorization": f"Bearer {KEY}"})
    answer = client.getresponse()
    assert b"Hello" in answer.read()
    return answer.headers["x-sealink-request-id"]


def lowest_free(pid: int) -> int:
    """The descriptor that the process would be given next."""
    taken = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
    return min(set(range(len(taken) + 1)) - taken)
