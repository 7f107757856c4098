"""Full garbage collections wait until few requests are open, but not for ever."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from sealink.app.garbage import DUE_AFTER, MANY_REQUESTS, OVERDUE_AFTER, FullCollections


@contextmanager
def collected() -> Iterator[list[int]]:
    """The generations that are collected meanwhile."""
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(note)
    try:
        yield generations
    finally:
        gc.callbacks.remove(note)


def full_after(young: int, *, open_requests: int) -> bool:
    """Whether a look collects everything after so many collections of young objects."""
    collections = FullCollections(lambda: open_requests)
    gc.collect()
    for _ in range(young):
        gc.collect(1)
    with collected() as generations:
        collections.look()
    return 2 in generations


def test_it_is_put_off_while_many_requests_are_open() -> None:
    assert full_after(DUE_AFTER, open_requests=MANY_REQUESTS - 1)
    assert not full_after(DUE_AFTER - 1, open_requests=0)
    assert not full_after(DUE_AFTER, open_requests=MANY_REQUESTS)
    assert full_after(OVERDUE_AFTER, open_requests=MANY_REQUESTS)


def test_python_begins_none_by_itself_until_it_stops() -> None:
    async def run() -> None:
        before = gc.get_threshold()
        collections = FullCollections(lambda: 0)
        collections.start()
        try:
            with collected() as generations:
                held = [[] for _ in range(before[0] * before[1] * 20)]  # by itself it would: gen 2 after ten of gen 1
            assert held
            assert 1 in generations
            assert 2 not in generations
        finally:
            collections.stop()
            gc.unfreeze()
        assert gc.get_threshold() == before

    asyncio.run(run())
