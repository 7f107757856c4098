"""SIGTERM lets open streams finish for `drain_s`, then ends them with an error, never as if they were whole."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from acceptance.house import House, house
from acceptance.made_streams import MADE, begin_of
from acceptance.plain_http import PlainAnswer, frames_of, post_chat
from replay import Answer

TEXTS = ["One", " two", " three"]


@contextmanager
def stopping(folder: Path, drain_s: float) -> Iterator[tuple[House, list[Future[PlainAnswer]]]]:
    """SeaLink after SIGTERM, with a stream of each dialect held open behind its first text."""
    bodies = {dialect: make(TEXTS) for dialect, make in MADE.items()}
    held = {dialect: Answer(body, held_at=begin_of(TEXTS[1], body)) for dialect, body in bodies.items()}
    models, server = {dialect: dialect for dialect in MADE}, f"drain_s = {drain_s}"
    with house(lambda request: held[request.model], models, folder, server=server) as it, ThreadPoolExecutor() as pool:
        streams = [pool.submit(ask, it.sealink.port, dialect) for dialect in MADE]
        it.upstream.wait(lambda: [exchange.held.is_set() for exchange in it.upstream.exchanges] == [True, True])
        it.sealink.terminate()
        it.upstream.wait(lambda: not it.sealink.is_up)
        yield it, streams


def test_open_streams_may_finish(tmp_path: Path) -> None:
    with stopping(tmp_path, drain_s=30) as (running, streams):
        running.upstream.release_all()
        for stream in streams:
            body = stream.result().body
            assert all(text.encode() in body for text in TEXTS)
            assert body.endswith(b"data: [DONE]\n\n")


def test_streams_that_do_not_are_ended_with_an_error(tmp_path: Path) -> None:
    with stopping(tmp_path, drain_s=0.5) as (_, streams):
        for stream in streams:
            *before, last = frames_of(stream.result().body)
            assert any(TEXTS[0].encode() in frame for frame in before)
            error = json.loads(last)["error"]
            assert (error["type"], error["code"]) == ("service_unavailable", "draining")


def ask(port: int, model: str) -> PlainAnswer:
    return post_chat(port, {"model": model, "stream": True, "messages": [{"role": "user", "content": "Count."}]})
