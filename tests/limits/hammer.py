"""A process that counts: `python hammer.py FILE SECONDS WHAT`. It prints the times of what was admitted, as JSON.

WHAT: `requests` sends requests as fast as it can; `hold` opens a stream, says so, and waits to be killed; `churn` opens
and ends streams until it is killed.
"""

import itertools
import json
import sys
import time
from pathlib import Path

from sealink.limits.counters import Counters
from sealink.limits.subjects import Cost, Lease, Recorded, Subject, Subjects
from sealink.policy.limits import Need, UsageLimits

LIMIT = 300
KEY = Subject("key:dev", UsageLimits(requests_per_minute=LIMIT))
STREAMS = Subject("key:streams", UsageLimits(concurrent_streams=3, tokens_per_minute=10**9, budget_usd=1.0))
STREAM = Need(10, 10, is_stated=True, streams=1)
BY_TURNS = itertools.cycle([Subjects, list])
"""In C and in Python, where the accelerator was built."""


def main(path: str, seconds: str, what: str) -> None:
    counters = Counters(Path(path), 64)
    if what == "requests":
        print(json.dumps(requests(counters, float(seconds))))
        counters.close()
        return
    counters.recorded(STREAMS, Recorded(in_period=0, of_balance=0), time.time())
    lease = counters.admit(next(BY_TURNS)([STREAMS]), STREAM, Cost(1000, 1000), time.time())
    print("holds" if isinstance(lease, Lease) else lease, flush=True)
    if what == "hold":
        sys.stdin.read()
    while isinstance(lease, Lease):
        counters.settle(lease, 7, 1)
        lease = counters.admit(next(BY_TURNS)([STREAMS]), STREAM, Cost(1000, 1000), time.time())


def requests(counters: Counters, seconds: float) -> list[float]:
    admitted, end = [], time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        lease = counters.admit(next(BY_TURNS)([KEY]), Need(0, 0, is_stated=True, streams=0), Cost(), time.time())
        if isinstance(lease, Lease):
            admitted.append(now)
            counters.settle(lease, 0, 0)
    return admitted


if __name__ == "__main__":
    main(*sys.argv[1:])
