"""The stock SDKs of node, in one process: the same readings as stock_chat's, stock_messages' and stock_responses'."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acceptance import stock_chat, stock_messages, stock_responses
from acceptance.readings import Failure, Reading
from acceptance.sealink_process import KEY
from acceptance.stock_clients import Read
from outside import NODE_FOLDER

Fields = dict[str, Any]


@contextmanager
def node_readers(node: str, url: str) -> Iterator[dict[str, Read]]:
    """For each client dialect the function that asks at `url` and reads the answer."""
    command = [node, NODE_FOLDER / "read_answers.mjs", url, KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None

        def asked(client: str, request: Fields) -> Fields:
            program.stdin.write(json.dumps({"client": client, "request": request}) + "\n")  # type: ignore[union-attr]
            program.stdin.flush()  # type: ignore[union-attr]
            told: Fields = json.loads(program.stdout.readline())  # type: ignore[union-attr]
            return told

        yield {
            "chat": lambda request: _chat(asked("chat", request)),
            "messages": lambda request: _message(asked("messages", request)),
            "responses": lambda request: _response(asked("responses", request)),
        }
        program.stdin.close()


def _chat(told: Fields) -> Reading:
    if "answer" in told:
        return stock_chat.whole(told["answer"])
    return stock_chat.folded(told.get("chunks", []), _failure(told))


def _message(told: Fields) -> Reading:
    failure = _failure(told)
    if failure is not None:
        failure.message = stock_messages.words_of(failure.body, failure.message)
    if "answer" not in told:
        return Reading(failure=failure)
    return stock_messages.message_read(told["answer"], failure)


def _response(told: Fields) -> Reading:
    if "answer" in told:
        return stock_responses.response_read(told["answer"], None)
    return stock_responses.folded(told.get("chunks", []), _failure(told))


def _failure(told: Fields) -> Failure | None:
    if error := told.get("error"):
        return Failure(error["message"], error["status"], error["body"])
    return None
