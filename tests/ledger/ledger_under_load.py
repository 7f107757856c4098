"""A process that admits and settles as fast as it can until it is killed, and says what it has done.

What it reports is written after the call has returned, by a write() that outlives it, as the journal's are.
"""

import itertools
import os
import random
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import sleep
from typing import Any

import msgspec
from ledger_samples import IMPATIENT, admission, settlement
from warm_processes import warm_processes

from sealink.ledger.ledger import Ledger

SETTINGS = msgspec.structs.replace(IMPATIENT, segment_bytes=30_000)


class Reported(msgspec.Struct):
    """What processes said they did: the ids that were admitted, the output tokens of those that were settled."""

    admitted: set[str] = set()
    settled: dict[str, int] = {}


def start(url: str, folder: Path, turn: int, most: int | None = None) -> BaseProcess:
    """A process whose ledger is in `folder`. It ends by itself after `most` requests."""
    process = warm_processes.Process(target=_work, args=(url, folder, turn, most))
    process.start()
    return process


def report_of(folder: Path, turn: int) -> Path:
    return folder / f"reported-{turn}"


def reported(folder: Path) -> Reported:
    """What all processes have said. A last line that was not finished was not said."""
    said = Reported()
    for path in folder.glob("reported-*"):
        for line in path.read_text().splitlines(keepends=True):
            match line.removesuffix("\n").split() if line.endswith("\n") else []:
                case ["admitted", request_id]:
                    said.admitted.add(request_id)
                case ["settled", request_id, tokens]:
                    said.settled[request_id] = int(tokens)
    return said


def _work(url: str, folder: Path, turn: int, most: int | None) -> None:
    ledger = Ledger(url, folder / "journal", SETTINGS)
    ledger.start()
    report = os.open(report_of(folder, turn), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance = random.Random(turn)
    waiting: list[tuple[str, int]] = []
    for number in itertools.count() if most is None else range(most):
        request_id = f"req_{turn}_{number}"
        ledger.admit(admission(request_id))
        os.write(report, f"admitted {request_id}\n".encode())
        waiting.append((request_id, number))
        while len(waiting) > chance.randrange(20):
            _settle(ledger, report, *waiting.pop(chance.randrange(len(waiting))))
        if number % 5 == 0:
            sleep(0.0005)  # the uploader's thread, and the other processes, get their turn
    for request_id, tokens in waiting:
        _settle(ledger, report, request_id, tokens)
    ledger.close()


def _settle(ledger: Ledger, report: int, request_id: str, tokens: int) -> None:
    ledger.settle(settlement(request_id, tokens))
    os.write(report, f"settled {request_id} {tokens}\n".encode())


def check(rows: dict[str, dict[str, Any]], said: Reported, unheard: int) -> None:
    """One row for each request that was admitted, true to what was settled. (A mapping has no id twice.)

    `unheard` processes may each have been killed between an admission or a settlement and the report of it.
    """
    assert said.admitted <= set(rows)
    assert len(set(rows) - said.admitted) <= unheard
    done = {name: row["output_tokens"] for name, row in rows.items() if row["ended"] == "done"}
    killed = {name for name, row in rows.items() if row["ended"] == "killed"}
    assert len(done) + len(killed) == len(rows)
    assert said.settled.items() <= done.items()
    assert len(set(done) - set(said.settled)) <= unheard
