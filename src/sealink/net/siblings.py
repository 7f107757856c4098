"""Questions between the processes of one SeaLink: the workers of `serve --workers`.

Each listens on a Unix socket in a folder that only its user can open, so what comes over it is trusted: a question is a
name, its answer a pickled object.
"""

import asyncio
import contextlib
import logging
import os
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

ANSWER_S: Final = 5.0
"""How long a sibling may take: a busy one is left out of the metrics rather than waited for."""

Answering = Callable[[str], Awaitable[Any]]

log = logging.getLogger(__name__)


class Siblings:
    """`answer` gives this process's answer to a question. Without a folder there are no siblings."""

    def __init__(self, folder: Path | None, answer: Answering) -> None:
        self._folder = folder
        self._answer = answer
        self._server: asyncio.Server | None = None

    @property
    def may_be(self) -> bool:
        """Whether there may be others."""
        return self._folder is not None

    async def start(self) -> None:
        if self._folder is not None:
            self._server = await asyncio.start_unix_server(self._serve, self._own(self._folder))

    async def stop(self) -> None:
        if self._folder is not None and self._server is not None:
            self._server.close()
            self._own(self._folder).unlink(missing_ok=True)

    async def ask_all(self, question: str) -> list[Any]:
        """The answers of this process and of its siblings, this one's first; an exception counts as an answer. Siblings
        that do not answer in time are left out."""
        others = [] if self._folder is None else sorted(set(self._folder.glob("*.sock")) - {self._own(self._folder)})
        answers = await asyncio.gather(_caught(self._answer(question)), *(_ask(other, question) for other in others))
        return [answer for found in answers for answer in found]

    @staticmethod
    def _own(folder: Path) -> Path:
        return folder / f"{os.getpid()}.sock"

    async def _serve(self, given: asyncio.StreamReader, output: asyncio.StreamWriter) -> None:
        try:
            question = (await given.readline()).decode().strip()
            for answer in await _caught(self._answer(question)):
                output.write(pickle.dumps(answer))
            await output.drain()
        except ConnectionError as error:
            log.info("a sibling has not waited for its answer: %s", error)
        finally:
            output.close()


async def _caught(answering: Awaitable[Any]) -> list[Any]:
    try:
        return [await answering]
    except Exception as error:  # noqa: BLE001 -- it is the answer
        return [error]


async def _ask(other: Path, question: str) -> list[Any]:
    """The answer, or nothing."""
    try:
        async with asyncio.timeout(ANSWER_S):
            given, output = await asyncio.open_unix_connection(other)
            with contextlib.closing(output):
                output.write(f"{question}\n".encode())
                return [pickle.loads(await given.read())]
    except (OSError, TimeoutError, EOFError, pickle.UnpicklingError) as error:  # the last two: it died in mid-answer
        log.warning("the worker at %s does not answer: %s", other.name, error or "too late")
        return []
