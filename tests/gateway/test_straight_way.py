"""An exchange needs no task until its first attempt fails; and what goes wrong in a callback is not lost."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from fakes import FakeUpstream
from one_exchange import OVERLOADED, ROLE, STOP, TEXT, USAGE, WHOLE, Gate, Run

from fake_clock import on_fake_clock, run_on_fake_clock
from sealink.errors import InternalError, UpstreamError
from sealink.gateway.operations.chat import STREAM
from sealink.gateway.operations.chat import WHOLE as READ_WHOLE
from sealink.wire.framing.sse import DONE


def tasks_of_the_gateway(names: list[str]) -> None:
    """Note the names of the coroutines that are made tasks of from now on, but for the fakes'."""
    loop = asyncio.get_running_loop()

    def make(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **kwargs: Any) -> asyncio.Task[Any]:
        if not coroutine.__qualname__.startswith("FakeUpstream"):
            names.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **kwargs)

    loop.set_task_factory(make)


@pytest.mark.parametrize("stream", [True, False])
def test_there_is_no_task_while_all_goes_well(stream: bool) -> None:
    @on_fake_clock
    async def run_it() -> None:
        names: list[str] = []
        tasks_of_the_gateway(names)
        run = Run(FakeUpstream(ROLE, TEXT, STOP + USAGE + DONE) if stream else FakeUpstream(WHOLE), stream=stream)
        assert await run.to_the_end() is None
        assert names == []
        assert run.settlement.ended == "done"

    run_it()


@pytest.mark.parametrize(
    "first", [lambda: UpstreamError("refused"), lambda: FakeUpstream(ROLE, OVERLOADED)], ids=["refused", "overloaded"]
)
def test_a_failure_before_the_commit_is_followed_up_in_one_task(first: Callable[[], Any]) -> None:
    @on_fake_clock
    async def run_it() -> None:
        names: list[str] = []
        tasks_of_the_gateway(names)
        run = Run(first(), UpstreamError("refused"), UpstreamError("refused"), targets=("a", "b"))
        assert await run.to_the_end() is not None
        assert names == ["Failover._try_all"]

    run_it()


def test_a_client_that_leaves_before_the_first_step_of_the_attempts_task_leaves_nothing_open() -> None:
    """As when the first attempt fails, and its client leaves, in one turn of the event loop."""

    @on_fake_clock
    async def run_it() -> None:
        run = Run(FakeUpstream(ROLE, TEXT), hedge_after_s=1.0, targets=("a", "b"))
        run.exchange.start()
        run.responder.leave()
        await run.responder.answered.wait()
        assert run.settlement.ended == "client_gone"

    run_it()


def fails(*_: Any, **__: Any) -> Any:
    raise KeyError("a bug")


@pytest.mark.parametrize("stream", [True, False])
def test_a_bug_in_reading_an_answer_is_told_by_status_and_settled(stream: bool) -> None:
    @on_fake_clock
    async def run_it() -> None:
        upstream = FakeUpstream(ROLE, TEXT) if stream else FakeUpstream(WHOLE)
        run = Run(upstream, stream=stream, targets=("a",))
        run.exchange._api = msgspec.structs.replace(
            run.exchange._api,
            stream=msgspec.structs.replace(STREAM, open_lane=fails),
            whole=msgspec.structs.replace(READ_WHOLE, read_answer=fails),
        )
        assert isinstance(await run.to_the_end(), InternalError)
        assert (run.settlement.ended, run.settlement.code) == ("error", "internal_error")
        assert upstream.closed

    run_it()


@pytest.mark.parametrize("stream", [True, False])
def test_a_bug_in_answering_the_client_is_given_to_the_server_and_settled(
    stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @on_fake_clock
    async def run_it() -> None:
        upstream = FakeUpstream(ROLE, TEXT) if stream else FakeUpstream(WHOLE)
        run = Run(upstream, stream=stream)
        monkeypatch.setattr(run.exchange, "_headers", fails)
        with pytest.raises(KeyError):
            await run.run()
        assert (run.settlement.ended, run.settlement.code) == ("error", "internal_error")
        assert upstream.closed

    run_it()


def test_a_bug_in_the_middle_of_a_stream_is_given_to_the_server_and_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    @on_fake_clock
    async def run_it() -> None:
        upstream = Gate(ROLE, TEXT)
        run = Run(upstream)
        task = asyncio.ensure_future(run.run())
        await run.responder.first_byte.wait()
        monkeypatch.setattr(run.responder, "finish", fails)
        upstream.open.set()
        with pytest.raises(KeyError):
            await task
        assert (run.settlement.ended, run.settlement.code) == ("error", "internal_error")
        assert upstream.closed

    run_it()


def test_an_attempt_that_is_over_is_not_left_to_the_collector() -> None:
    """With it go the text of its stream, and its connection's last bytes."""

    async def is_gone() -> bool:
        upstream = Gate(ROLE, TEXT, STOP + USAGE + DONE)
        run = Run(upstream)
        task = asyncio.ensure_future(run.run())
        await run.responder.first_byte.wait()
        assert run.exchange._record is not None
        attempt = weakref.ref(run.exchange._record.attempt)
        upstream.open.set()
        await task
        del run.exchange, run.pool, task
        await asyncio.sleep(0)
        return attempt() is None

    gc.disable()
    try:
        assert run_on_fake_clock(is_gone())
    finally:
        gc.enable()
