"""A SeaLink is killed again and again while a budget is spent: what is counted is what the rows say."""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest

from acceptance.plain_http import post
from acceptance.sealink_process import SealinkProcess, simulated
from acceptance.usage_rows import settled_rows
from sealink.limits.counters import Counters
from sealink.limits.subjects import Subject
from sealink.policy.limits import UsageLimits
from waiting import until

CONFIG = f"""{simulated()}
[[prices]]
provider = "sim"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 10.0
[[teams]]
name = "research"
budget_usd = 1000.0
[[keys]]
name = "dev"
key = "sk-dev"
team = "research"
budget_usd = 1000.0
balance_usd = 1000.0
"""
KILLS, CLIENTS, ANSWERS = 2, 4, 10
"""Each kill comes after so many answers, in the midst of further requests."""
REQUEST = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


@contextmanager
def hammered(port: int) -> Iterator[None]:
    """Clients ask, one request after the other, until nobody answers. It begins when ANSWERS have come."""
    answered = threading.Semaphore(0)

    def client() -> None:
        with contextlib.suppress(OSError, HTTPException):
            while post(port, "/v1/chat/completions", REQUEST, "sk-dev").status == 200:
                answered.release()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for _ in range(ANSWERS):
        assert answered.acquire(timeout=30)
    yield
    for each in clients:
        each.join()


def counted(folder: Path, name: str) -> tuple[int, int]:
    """What is counted as spent: of the budget, and of the balance."""
    counters = Counters(folder / "counters", 16_384)
    try:
        slot = counters._slot(Subject(name, UsageLimits()))
        slot.open(counters._file.now_ns())
        return slot.spending.spent, slot.spending.balance_spent
    finally:
        counters.close()


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.full), 2])
def test_what_is_counted_is_what_the_rows_say(tmp_path: Path, workers: int) -> None:
    command = ("serve",) if workers == 1 else ("serve", "--workers", str(workers))
    for _ in range(KILLS):
        with SealinkProcess(CONFIG, tmp_path, command=command) as running, hammered(running.port):
            children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
            running.kill()
            for worker in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(worker), 9)
    with SealinkProcess(CONFIG, tmp_path) as running:
        assert post(running.port, "/v1/chat/completions", REQUEST, "sk-dev").status == 200
        _, rows = settled_rows(tmp_path)
        spent = sum(row["price_nano_usd"] or 0 for row in rows)
        assert len(rows) > KILLS * ANSWERS
        until(
            lambda: (*counted(tmp_path, "key:dev"), counted(tmp_path, "team:research")[0]) == (spent,) * 3,
            lambda: (counted(tmp_path, "key:dev"), spent),
            within_s=20,
        )
