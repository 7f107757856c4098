"""A receiver of webhooks: it checks the signature of each message, and answers as it is told."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from waiting import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """`with Receiver() as receiver:` … `answers` are the statuses of the next answers; 200 once there are none."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.messages: list[tuple[str, dict[str, Any]]] = []
        """Those that were received: id and body."""
        self.refused: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                message = verified(dict(self.headers.items()), body)
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.messages.append((message, json.loads(body)))
                else:
                    receiver.refused.append(message)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The data of the messages of one type."""
        return [body["data"] for _, body in self.messages if body["type"] == kind]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        until(is_so, lambda: (self.messages, self.refused))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def verified(headers: dict[str, str], body: bytes) -> str:
    """The message's id, if it is signed as https://www.standardwebhooks.com wants it."""
    fields = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = b".".join([fields["webhook-id"].encode(), fields["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert fields["webhook-signature"] == f"v1,{expected}"
    assert abs(int(fields["webhook-timestamp"]) - time.time()) < 300
    return fields["webhook-id"]
