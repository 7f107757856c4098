"""What one stream took, and many streams to several endpoints side by side."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from sealink.benchmark.chat_stream import chat_request, chunks, completion_tokens, texts
from sealink.errors import SealinkError, UpstreamError
from sealink.net.client import UpstreamPool


class Endpoint(msgspec.Struct, frozen=True):
    """Where streams are asked for. `url` ends in /v1."""

    url: str
    key: str
    model: str


class Plan(msgspec.Struct, frozen=True):
    """What is asked of each endpoint: `requests` streams, at most `concurrency` at a time."""

    requests: int
    concurrency: int
    prompt: str
    max_tokens: int
    timeout_s: float = 120.0


class Measurement(msgspec.Struct):
    """One stream. Times in seconds; `gaps_s` are those between pieces of text. `tokens` is what the endpoint reported,
    else the number of pieces. `error` is None for a stream that came whole."""

    ttft_s: float | None = None
    duration_s: float = 0.0
    gaps_s: list[float] = []
    tokens: int = 0
    error: str | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """The pace after the first token; None where there is none."""
        if self.ttft_s is None or self.tokens < 2 or self.duration_s <= self.ttft_s:
            return None
        return (self.tokens - 1) / (self.duration_s - self.ttft_s)


async def measure(
    endpoints: Sequence[Endpoint], plan: Plan, on_done: Callable[[Endpoint, Measurement], None]
) -> dict[Endpoint, list[Measurement]]:
    """Measure the endpoints in turns, so that a slow moment of the machine or the network hits all of them alike."""
    pool = UpstreamPool()
    found: dict[Endpoint, list[Measurement]] = {endpoint: [] for endpoint in endpoints}
    try:
        for first in range(0, plan.requests, plan.concurrency):
            size = min(plan.concurrency, plan.requests - first)
            for endpoint in endpoints:
                for one in asyncio.as_completed([_one(pool, endpoint, plan) for _ in range(size)]):
                    measurement = await one
                    found[endpoint].append(measurement)
                    on_done(endpoint, measurement)
    finally:
        await pool.close()
    return found


async def _one(pool: UpstreamPool, endpoint: Endpoint, plan: Plan) -> Measurement:
    """One stream. An error is part of what is measured."""
    taken, began_at = Measurement(), time.monotonic()
    try:
        async with asyncio.timeout(plan.timeout_s):
            await _receive(pool, endpoint, plan, taken, began_at)
    except TimeoutError:
        taken.error = f"not done after {plan.timeout_s:g} s"
    except SealinkError as error:
        taken.error = error.message
    taken.duration_s = time.monotonic() - began_at
    return taken


async def _receive(pool: UpstreamPool, endpoint: Endpoint, plan: Plan, taken: Measurement, began_at: float) -> None:
    messages = [{"role": "user", "content": plan.prompt}]
    body: dict[str, Any] = {"model": endpoint.model, "messages": messages, "max_tokens": plan.max_tokens}
    answer = await pool.send(chat_request(endpoint.url, endpoint.key, body), connect_s=plan.timeout_s)
    is_whole, ended, last_at = False, False, began_at
    try:
        async for chunk in chunks(answer):
            if texts(chunk):
                now = time.monotonic()
                if taken.ttft_s is None:
                    taken.ttft_s = now - began_at
                else:
                    taken.gaps_s.append(now - last_at)
                last_at = now
            ended = ended or any(choice.get("finish_reason") for choice in chunk.get("choices") or ())
            taken.tokens = completion_tokens(chunk.get("usage")) or taken.tokens
        is_whole = True
    finally:
        answer.release() if is_whole else answer.close()
    if not ended:
        raise UpstreamError("The stream ended without a finish reason.")
    taken.tokens = taken.tokens or len(taken.gaps_s) + (taken.ttft_s is not None)
