"""Requests are refused while the event loop is late, or as many as may be are under way."""

import asyncio
from typing import Any, cast

import pytest

from fake_clock import JumpingSelector, on_fake_clock
from sealink.errors import ServiceUnavailable
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.gates.load_shedding import LoadShedding
from sealink.telemetry.loop_lag import EVERY_S

ANY = cast(AdmittedRequest, None)
LAG_S = 2.0


def block(seconds: float) -> None:
    """The loop does not come round for so long."""
    clock = cast(JumpingSelector, cast(Any, asyncio.get_running_loop()).clock)
    clock.now_s += seconds


def shedding(max_requests: int = 0, under_way: int = 0) -> LoadShedding:
    made = LoadShedding(max_requests=max_requests, max_loop_lag_s=LAG_S, under_way=lambda: under_way)
    made.lag.start(asyncio.get_running_loop())
    return made


@on_fake_clock
async def test_while_the_loop_comes_round_all_are_let_in() -> None:
    gate = shedding()
    for _ in range(20):
        gate.admit(ANY)
        block(LAG_S)
        await asyncio.sleep(EVERY_S)
    gate.lag.stop()


@on_fake_clock
async def test_one_long_turn_of_the_loop_is_no_overload() -> None:
    gate = shedding()
    for _ in range(3):
        block(10 * LAG_S)
        gate.admit(ANY)
        await asyncio.sleep(EVERY_S / 2)  # it comes round, late
        gate.admit(ANY)
        await asyncio.sleep(EVERY_S)  # in time
        gate.admit(ANY)
    gate.lag.stop()


@on_fake_clock
async def test_a_loop_that_is_late_again_takes_no_more_in_the_same_turn() -> None:
    gate = shedding()
    block(LAG_S + 2 * EVERY_S)
    await asyncio.sleep(EVERY_S / 2)
    block(LAG_S)
    gate.admit(ANY)
    block(2 * EVERY_S)
    with pytest.raises(ServiceUnavailable) as caught:
        gate.admit(ANY)
    assert caught.value.code == "overloaded"
    gate.lag.stop()


@on_fake_clock
async def test_a_loop_that_was_late_twice_takes_no_more_until_it_is_in_time_once() -> None:
    gate = shedding()
    for _ in range(2):
        block(LAG_S + 2 * EVERY_S)
        await asyncio.sleep(EVERY_S / 2)
    with pytest.raises(ServiceUnavailable):
        gate.admit(ANY)
    await asyncio.sleep(EVERY_S)
    gate.admit(ANY)
    gate.lag.stop()


@on_fake_clock
async def test_so_many_requests_may_be_under_way() -> None:
    gate = shedding(max_requests=3, under_way=2)
    gate.admit(ANY)
    gate.lag.stop()
    gate = shedding(max_requests=3, under_way=3)
    with pytest.raises(ServiceUnavailable, match="max_requests"):
        gate.admit(ANY)
    gate.lag.stop()
