"""How long a silent model is waited for: `first_content_s` until its first content, then `idle_s` without a byte."""

import asyncio
from typing import Any

import pytest
from fakes import FakeUpstream, Never, Piece
from one_exchange import ROLE, STOP, TEXT, WHOLE, Run

from fake_clock import on_fake_clock
from sealink.errors import GatewayTimeout
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.providers.provider import Timeouts
from sealink.wire.dialects import anthropic_messages
from sealink.wire.framing.sse import DONE, event_frame

COMMENT = b": still here\n\n"
START = event_frame(
    b"message_start",
    b'{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m",'
    b'"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1234,"output_tokens":1}}}',
)
PING = event_frame(b"ping", b'{"type":"ping"}')
THINKING = event_frame(
    b"content_block_start",
    b'{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}',
)


class Slow(FakeUpstream):
    """Waits before each of its pieces but the first."""

    def __init__(self, pause_s: float, *pieces: Piece) -> None:
        super().__init__(*pieces)
        self._pause_s = pause_s
        self._is_first = True

    async def read(self) -> bytes:
        if self._pieces and not self._is_first:
            await asyncio.sleep(self._pause_s)
        self._is_first = False
        return await super().read()


@on_fake_clock
async def test_a_model_may_think_for_minutes_without_a_byte() -> None:
    assert (Timeouts().first_content_s, Timeouts().idle_s, Timeouts().total_s) == (600, 300, 3600)
    run = Run(Slow(500, ROLE, TEXT, STOP + DONE), targets=("a",), idle_s=1000)
    assert await run.to_the_end() is None
    assert run.settlement.ended == "done"


@pytest.mark.parametrize("sign", [COMMENT, ROLE])
def test_signs_of_life_without_content_change_nothing_before_the_first_content(sign: bytes) -> None:
    @on_fake_clock
    async def run_it() -> None:
        thinks = Run(Slow(50, sign, sign, sign, TEXT + STOP + DONE), targets=("a",), first_content_s=200, idle_s=40)
        assert (await thinks.to_the_end(), thinks.settlement.ended) == (None, "done")
        too_slow = Run(
            Slow(50, *[sign] * 9), targets=("a",), first_content_s=200, idle_s=1000, heartbeat=HeartbeatSettings("off")
        )
        error = await too_slow.to_the_end()
        assert isinstance(error, GatewayTimeout)
        assert error.code == "first_content"

    run_it()


@on_fake_clock
async def test_any_byte_counts_behind_the_first_content() -> None:
    run = Run(Slow(50, ROLE + TEXT, *[COMMENT] * 20, TEXT, STOP + DONE), targets=("a",), idle_s=60)
    assert await run.to_the_end() is None
    assert run.settlement.ended == "done"


@on_fake_clock
async def test_a_whole_answer_has_the_same_timers() -> None:
    thinks = Run(Slow(0, WHOLE), stream=False, targets=("a",), first_content_s=200, idle_s=5)
    assert await thinks.to_the_end() is None
    for upstream, code in ((FakeUpstream(Never()), "first_content"), (FakeUpstream(b" ", Never()), "idle")):
        run = Run(upstream, stream=False, targets=("a",), first_content_s=200, idle_s=5)
        error = await run.to_the_end()
        assert isinstance(error, GatewayTimeout)
        assert (error.code, run.settlement.ended) == (code, "timed_out")


@pytest.mark.parametrize("frames", [START, START + PING, START + THINKING], ids=["start", "ping", "thinking"])
def test_what_the_prompt_counted_is_kept_when_the_time_is_up(frames: bytes) -> None:
    @on_fake_clock
    async def run_it() -> None:
        upstreams: list[Any] = [FakeUpstream(frames, Never())]
        run = Run(*upstreams, targets=("a",), dialect=anthropic_messages.UPSTREAM, first_content_s=5)
        error = await run.to_the_end()
        assert isinstance(error, GatewayTimeout)
        settlement = run.settlement
        assert (settlement.ended, settlement.code, settlement.provider) == ("timed_out", "first_content", "a")
        assert settlement.usage is not None
        assert (settlement.usage.input_tokens, settlement.usage_source) == (1234, "partial")

    run_it()


@on_fake_clock
async def test_the_answer_of_the_next_target_is_what_counts() -> None:
    run = Run(
        FakeUpstream(START, Never()),
        FakeUpstream(ROLE, TEXT, STOP, DONE),
        dialects={"a": anthropic_messages.UPSTREAM},
        first_content_s=30,
    )
    assert await run.to_the_end() is None
    assert (run.settlement.ended, run.settlement.provider) == ("done", "b")
