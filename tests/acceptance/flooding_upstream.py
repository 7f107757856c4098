"""An upstream that sends as fast as it can, and a watch on what SeaLink's other clients notice of it."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, Self
from urllib.request import urlopen

ATTACK_S: Final = 60
"""After this long an attack gives up by itself."""

_MODEL: Final = re.compile(rb'"model": ?"([^"]+)"')


class FloodingUpstream:
    """Answers each request with the pieces that its model stands for: as fast as they are taken, up to their end."""

    def __init__(self, floods: dict[str, Callable[[], Iterable[bytes]]]) -> None:
        self.sent_bytes = 0
        self.open = 0
        self._floods = floods
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(ATTACK_S)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            self._threads.append(threading.Thread(target=self._answer, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(ATTACK_S)
        self._count(opened=1)
        with connection:
            try:
                while (request := _request(connection)) is not None:
                    for piece in self._floods[request]():
                        connection.sendall(piece)
                        self._count(sent=len(piece))
            except OSError:  # SeaLink has had enough
                pass
        self._count(opened=-1)

    def _count(self, *, opened: int = 0, sent: int = 0) -> None:
        with self._lock:
            self.open += opened
            self.sent_bytes += sent


def _request(connection: socket.socket) -> str | None:
    """The model of the next request; None when the connection has been closed."""
    came = b""
    while (found := _MODEL.search(came)) is None:
        data = connection.recv(65536)
        if not data:
            return None
        came += data
    return found[1].decode()


class Watch:
    """Asks for /health/live again and again. `longest_s` is how long an answer has taken, at most."""

    def __init__(self, url: str) -> None:
        self.longest_s = 0.0
        self.answers = 0
        self._url = f"{url}/health/live"
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(ATTACK_S)

    def once_more(self) -> None:
        """Wait for an answer that was asked for from now on."""
        seen = self.answers
        while self.answers < seen + 2 and self._thread.is_alive():
            time.sleep(0.01)

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            begun = time.monotonic()
            try:
                with urlopen(self._url, timeout=ATTACK_S) as answer:
                    answer.read()
                self.answers += 1
            except OSError:  # it stops
                return
            finally:
                self.longest_s = max(self.longest_s, time.monotonic() - begun)


def chat_frame(text: str) -> bytes:
    delta = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**delta, "choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
