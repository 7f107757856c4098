"""A store with as many requests as one likes, spread over thirty days: the same ones each time."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sealink.ledger.entry import Attempt
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import Row

MODELS = (
    ("claude-sonnet-4-5", "anthropic", 3_000, 15_000),
    ("gpt-5.5", "openai", 1_250, 10_000),
    ("gemini-2.5-flash", "gemini", 300, 2_500),
    ("qwen3", "vllm", 200, 600),
    ("gpt-5.5-mini", "openai", 250, 2_000),
    ("mystery", "vllm", None, None),
)
"""A model, its provider, and the nano-dollars of a token of input and of output; None: not known."""
KEYS = (("acme/chat", "acme"), ("acme/batch", "acme"), ("dev/cli", "research"), ("notebook", None), ("file", None))
ENDINGS = (("done", "upstream", None), ("client_gone", "client", None), ("refused", "client", "model_not_found"))
FAILURES = (("error", "upstream", "upstream_truncated"), ("timed_out", "upstream", "idle"))
_AT_ONCE = 5000


def fill(store: Path, count: int, now: datetime) -> None:
    """Write them."""
    table = RequestsTable(f"sqlite:///{store}", timeout_s=10)
    try:
        table.migrate()
        rows = list(requests(count, now))
        for begin in range(0, count, _AT_ONCE):
            table.insert(rows[begin : begin + _AT_ONCE])
    finally:
        table.close()


def requests(count: int, now: datetime) -> Iterator[Row]:
    """The rows, the newest first."""
    chance = random.Random(1)
    for number in range(count):
        back = timedelta(days=30) * (number / count) ** 1.6
        yield _row(number, now - back, chance)


def _row(number: int, at: datetime, chance: random.Random) -> Row:
    model, provider, price_in, price_out = chance.choices(MODELS, (30, 25, 20, 12, 10, 3))[0]
    key, team = chance.choices(KEYS, (40, 15, 20, 15, 10))[0]
    ended, ended_by, code = chance.choices((*ENDINGS, *FAILURES), (92, 3, 2, 2, 1))[0]
    ttft, duration = chance.lognormvariate(6.0, 0.7), chance.lognormvariate(8.6, 0.8)
    inputs, outputs = round(chance.lognormvariate(6.5, 1)), round(duration / 1000 * chance.uniform(20, 60))
    is_refused = ended == "refused"
    cost = None if price_in is None or is_refused else inputs * price_in + outputs * (price_out or 0)
    failed_first = not is_refused and chance.random() < 0.04
    attempts = [Attempt("openai", "gpt-5.5", "rate_limit_exceeded")] if failed_first else []
    marks = [("admitted", 0.0), ("connected", 4.2), ("headers", ttft * 0.6), ("first_content", ttft)]
    marks += [("gap", ttft + (duration - ttft) * 0.4), ("last_byte", ttft + duration)] if duration > 4000 else []
    return {
        "request_id": f"req_{number:032x}",
        "started_at": at,
        "key": key,
        "team": team,
        "model": model,
        "task_type": chance.choice(("support", "search", None)),
        "client": "openai",
        "streamed": True,
        "structured": False,
        "status": 400 if is_refused else 200,
        "ended": ended,
        "ended_by": ended_by,
        "code": code,
        "provider": None if is_refused else provider,
        "served_model": None if is_refused else model,
        "attempts": [] if is_refused else [*attempts, Attempt(provider, model)],
        "input_tokens": None if is_refused else inputs,
        "output_tokens": None if is_refused else outputs,
        "cached_read_tokens": None if is_refused else inputs // 3,
        "cached_write_tokens": None if is_refused else 0,
        "reasoning_tokens": None if is_refused else 0,
        "usage_source": None if is_refused else "provider",
        "cost_nano_usd": cost,
        "price_nano_usd": None if cost is None else cost * 11 // 10,
        "hedge_cost_nano_usd": None,
        "ttft_ms": None if is_refused else ttft,
        "duration_ms": 1.0 if is_refused else ttft + duration,
        "chunks": outputs,
        "longest_gap_ms": None if is_refused else 1400.0 if duration > 4000 else 200.0,
        "bytes_sent": outputs * 180,
        "timeline": [("admitted", 0.0)] if is_refused else marks,
    }
