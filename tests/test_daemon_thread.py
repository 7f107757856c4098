"""Blocking calls off the loop: one thread however many wait, and none that holds up the end of the process."""

import asyncio
import subprocess
import sys
import threading

import pytest

from sealink.daemon_thread import SingleFlight

HANGING = """
import asyncio, threading
from sealink.daemon_thread import in_daemon_thread
async def main():
    await asyncio.wait([in_daemon_thread(threading.Event().wait)], timeout=0)
asyncio.run(main())
"""


def test_the_process_ends_while_a_call_hangs() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", HANGING], check=True, timeout=30)


def test_one_call_runs_whoever_waits_or_gives_it_up() -> None:
    may_end, calls = threading.Event(), []
    flight = SingleFlight(lambda: (calls.append(1), may_end.wait(), len(calls))[-1])

    async def ask() -> list[int]:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(flight.result(), 0.01)
        asking = [asyncio.ensure_future(flight.result()) for _ in range(3)]
        asyncio.get_running_loop().call_soon(may_end.set)
        return [*await asyncio.gather(*asking), await flight.result()]

    assert asyncio.run(ask()) == [1, 1, 1, 2]


def test_a_failure_is_told_to_those_who_wait_and_the_next_call_is_made_anew() -> None:
    answers = iter(["", "found"])

    def call() -> str:
        answer = next(answers)
        if not answer:
            raise OSError("not yet")
        return answer

    async def ask_again() -> str:
        flight = SingleFlight(call)
        told = await asyncio.gather(flight.result(), flight.result(), return_exceptions=True)
        assert [str(error) for error in told] == ["not yet"] * 2
        return await flight.result()

    assert asyncio.run(ask_again()) == "found"
