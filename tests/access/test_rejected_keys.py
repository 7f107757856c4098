"""Requests without a known key: all are counted, and each address has a line a minute in the log."""

import asyncio

import pytest

from fake_clock import on_fake_clock
from sealink.access.rejected_keys import EVERY_S, MAX_ADDRESSES, OTHERS, RejectedKeys


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """How many requests from where each line tells of, since the last call."""
    told = [record.message.partition(" refused")[0] for record in caplog.records]
    caplog.clear()
    return told


def test_an_address_has_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    @on_fake_clock
    async def scenario() -> None:
        rejected = RejectedKeys()
        for _ in range(100):
            rejected.count("10.0.0.1")
        rejected.count("10.0.0.2")
        assert lines(caplog) == ["a request from 10.0.0.1", "a request from 10.0.0.2"]
        await asyncio.sleep(EVERY_S)
        assert lines(caplog) == ["99 requests from 10.0.0.1"]
        rejected.count("10.0.0.1")
        rejected.count("10.0.0.2")
        assert lines(caplog) == ["a request from 10.0.0.2"]
        await asyncio.sleep(EVERY_S)
        assert lines(caplog) == ["a request from 10.0.0.1"]
        await asyncio.sleep(2 * EVERY_S)
        rejected.count("10.0.0.1")
        assert lines(caplog) == ["a request from 10.0.0.1"]
        assert rejected.total == 104

    scenario()


def test_addresses_beyond_a_number_are_told_together(caplog: pytest.LogCaptureFixture) -> None:
    @on_fake_clock
    async def scenario() -> None:
        rejected = RejectedKeys()
        for number in range(3 * MAX_ADDRESSES):
            rejected.count(f"address {number}")
        told = lines(caplog)
        assert (len(told), told[-1]) == (MAX_ADDRESSES + 1, f"a request from {OTHERS}")
        await asyncio.sleep(EVERY_S)
        assert lines(caplog) == [f"{2 * MAX_ADDRESSES - 1} requests from {OTHERS}"]
        assert rejected.total == 3 * MAX_ADDRESSES

    scenario()
