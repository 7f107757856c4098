"""A pool of upstream connections whose complete answers are recorded."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sealink.errors import HeaderList
from sealink.net.message import Pool, UpstreamRequest, UpstreamResponse
from sealink.recorder.fixture import Answer, write

log = logging.getLogger("sealink.recorder")

MAX_BYTES: Final = 64 * 1024 * 1024
"""A longer answer is not recorded."""

_NO_CHAT = re.compile(r"embed|count[_-]?tokens", re.IGNORECASE)


class Recorder:
    """Writes fixtures below `folder`. `apis` says which wire format each provider speaks, as recordings name it."""

    def __init__(self, folder: Path, apis: Mapping[str, str], *, with_prompts: bool) -> None:
        self._folder = folder
        self._apis = apis
        self._with_prompts = with_prompts

    def watch(self, pool: Pool) -> Pool:
        """The pool, with its answers recorded."""
        return _WatchedPool(pool, self)

    def is_wanted(self, request: UpstreamRequest) -> bool:
        """Whether it is a chat request, in a wire format that there are recordings of."""
        return request.provider in self._apis and not _NO_CHAT.search(request.url)

    def keep(self, request: UpstreamRequest, status: int, headers: HeaderList, chunks: list[bytes]) -> None:
        """Write an answer, in a thread."""
        answer = Answer(request.provider, self._apis[request.provider], request, status, headers, chunks)
        asyncio.get_running_loop().run_in_executor(None, self._write, answer)

    def _write(self, answer: Answer) -> None:
        try:
            place = write(answer, self._folder, with_prompt=self._with_prompts)
        except OSError as error:
            log.error("an answer of %s could not be recorded: %s", answer.provider, error)
        else:
            log.info("recorded %s", place)


class _WatchedPool:
    def __init__(self, pool: Pool, recorder: Recorder) -> None:
        self._pool = pool
        self._recorder = recorder

    def start(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse:
        response = self._pool.start(request, connect_s=connect_s)
        return _WatchedResponse(response, request, self._recorder) if self._recorder.is_wanted(request) else response


class _WatchedResponse:
    """An UpstreamResponse that keeps its body until it is known whether it is complete."""

    def __init__(self, response: UpstreamResponse, request: UpstreamRequest, recorder: Recorder) -> None:
        self._response = response
        self._request = request
        self._recorder = recorder
        self._chunks: list[bytes] = []
        self._bytes = 0
        self._is_over = False

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> HeaderList:
        return self._response.headers

    @property
    def framed(self) -> bool:
        return self._response.framed

    @property
    def on_news(self) -> Callable[[], None] | None:
        return self._response.on_news

    @on_news.setter
    def on_news(self, listener: Callable[[], None] | None) -> None:
        self._response.on_news = listener

    def read_now(self) -> bytes | None:
        data = self._response.read_now()
        if data:
            self._remember(data)
        elif data is not None:
            self._finish()
        return data

    def forward_to(self, take: Callable[[bytes], bool], pass_on: Callable[[bytes], bool | None] | None = None) -> None:
        def remember_and_take(data: bytes) -> bool:
            self._remember(data)
            return take(data)

        self._response.forward_to(remember_and_take)

    def close(self) -> None:
        self._is_over = True
        self._response.close()

    def release(self) -> None:
        self._finish()
        self._response.release()

    def _remember(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes > MAX_BYTES:
            self._chunks.clear()
            self._is_over = True
        if not self._is_over:
            self._chunks.append(bytes(data))

    def _finish(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._recorder.keep(self._request, self.status, self.headers, self._chunks)
