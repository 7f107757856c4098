"""One question to a SeaLink that is started for it: the answer as it streams, then its time, usage and cost."""

import time
from typing import Any, Final

import msgspec
import typer

from sealink.app.process import app_of
from sealink.benchmark.chat_stream import chat_request, chunks
from sealink.config import Config
from sealink.net.client import UpstreamPool
from sealink.net.client.response import Response

_LOOPBACK: Final = {"host": "127.0.0.1", "port": 0, "unix_socket": "", "tls_cert": "", "tls_key": ""}


async def ask(config: Config, model: str, prompt: str) -> None:
    """Print the answer. Raises SealinkError where there is none, CannotStart where the journal cannot be written."""
    server = msgspec.structs.replace(config.server, drain_s=0.0, **_LOOPBACK)
    key = msgspec.structs.replace(config.keys[0], usage_extras=True)
    app = app_of(msgspec.structs.replace(config, server=server, keys=(key, *config.keys[1:])))
    pool = UpstreamPool()
    base_url = await app.start()
    try:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
        started_at = time.monotonic()
        upstream = await pool.send(chat_request(base_url, key.key, body), connect_s=5.0)
        await _show(upstream, started_at)
    finally:
        await pool.close()
        await app.stop()


async def _show(answer: Response, started_at: float) -> None:
    """Print the text as it comes, then one line: TTFT, tokens/s, usage, cost."""
    first_at: float | None = None
    usage: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    async for chunk in chunks(answer):
        usage = chunk.get("usage") or usage
        extras = chunk.get("sealink") or extras
        for choice in chunk["choices"]:
            text = choice["delta"].get("content") or choice["delta"].get("refusal")
            if text:
                first_at = first_at or time.monotonic()
                typer.echo(text, nl=False)
    typer.echo()
    ended_at = time.monotonic()
    typer.echo(_summary(usage, extras.get("cost_usd"), (first_at or ended_at) - started_at, ended_at - started_at))


def _summary(usage: dict[str, Any], cost_usd: float | None, ttft_s: float, total_s: float) -> str:
    prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    pace = completion / (total_s - ttft_s) if total_s > ttft_s else 0.0
    cost = "price not known" if cost_usd is None else f"${cost_usd:.6f}"
    return f"TTFT {ttft_s * 1000:.0f} ms · {pace:.1f} tokens/s · {prompt} tokens in, {completion} out · {cost}"
