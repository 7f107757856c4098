"""HTTP as bytes: requests made and answers read without a client library, to see what is really on the wire."""

import json
import select
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from acceptance.sealink_process import KEY

PATIENCE_S = 30.0


@dataclass(frozen=True)
class PlainAnswer:
    """`body` is what came, de-chunked. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def post_chat(port: int, request: dict[str, Any], key: str = KEY) -> PlainAnswer:
    """POST /v1/chat/completions and read to the end."""
    return post(port, "/v1/chat/completions", request, key)


def post(
    port: int, path: str, request: dict[str, Any] | bytes, key: str = KEY, more_headers: Mapping[str, str] = {}
) -> PlainAnswer:
    """POST and read to the end."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", **more_headers}
    return _ask(port, "POST", path, request if isinstance(request, bytes) else json.dumps(request), headers)


def get(port: int, path: str, more_headers: Mapping[str, str] = {}) -> PlainAnswer:
    """GET, without a key, and read to the end."""
    return _ask(port, "GET", path, None, more_headers)


@contextmanager
def chat_stream(
    port: int, request: dict[str, Any], key: str = KEY, *, timeout_s: float = PATIENCE_S
) -> Iterator[HTTPResponse]:
    """A chat's streamed answer, of which the head has been read. Leaving closes the connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    body = json.dumps({**request, "stream": True})
    try:
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def _ask(port: int, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]) -> PlainAnswer:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return PlainAnswer(answer.status, fields, answer.read())
    finally:
        connection.close()


def chat_request(request: dict[str, Any], key: str = KEY, path: str = "/v1/chat/completions") -> bytes:
    """The same POST as bytes."""
    body = json.dumps(request).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: sealink\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_raw(port: int, pieces: Iterable[bytes], quiet_s: float = 0.1, patience_s: float = 10) -> list[PlainAnswer]:
    """Send bytes as they are, and read until the server closes, or answers and says nothing more for `quiet_s`.

    No more is sent once the server has begun to answer.
    """
    came = b""
    with socket.create_connection(("127.0.0.1", port), patience_s) as connection:
        try:
            for piece in pieces:
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(piece)
            while data := connection.recv(65536):
                came += data
                connection.settimeout(quiet_s)
        except (TimeoutError, ConnectionError):
            pass
    return list(answers_in(came))


def answers_in(came: bytes) -> Iterator[PlainAnswer]:
    """The answers, one behind the other, each with a Content-Length."""
    while came:
        head, _, came = came.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        yield PlainAnswer(int(first.split(" ")[1]), headers, came[:length])
        came = came[length:]


def dechunked(body: bytes) -> Iterator[bytes]:
    """The pieces of a chunked body, up to its last one or to where it was cut."""
    at = 0
    while (line_end := body.find(b"\r\n", at)) > 0 and (size := int(body[at:line_end], 16)):
        yield body[line_end + 2 : line_end + 2 + size]
        at = line_end + size + 4


def frames_of(body: bytes) -> list[bytes]:
    """The data of each event of SeaLink's, which is always one line."""
    return [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: ")]
