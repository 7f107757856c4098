"""HTTP as bytes: requests made and answers read without a client library, to see what is really on the wire."""

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from acceptance.sealink_process import KEY


@dataclass(frozen=True)
class PlainAnswer:
    """`body` is what came, de-chunked; `whole` is False where the connection broke off before its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def post_chat(port: int, request: dict[str, Any], key: str = KEY) -> PlainAnswer:
    """POST /v1/chat/completions and read to the end."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(request), headers)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return PlainAnswer(answer.status, fields, answer.read())
    finally:
        connection.close()


def send_raw(port: int, data: bytes, timeout_s: float = 10) -> list[PlainAnswer]:
    """Send bytes as they are, and read answers until the server closes or goes quiet."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        connection.sendall(data)
        answers = []
        while True:
            answer = HTTPResponse(connection)
            try:
                answer.begin()
            except (TimeoutError, ConnectionError, OSError):
                return answers
            answers.append(PlainAnswer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()))
            if answer.will_close:
                return answers


def frames_of(body: bytes) -> list[bytes]:
    """The data of each SSE event. For SeaLink's own output only: frames of `data: …` and a blank line."""
    return [frame.removeprefix(b"data: ") for frame in body.split(b"\n\n") if frame.startswith(b"data: ")]
