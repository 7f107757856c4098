"""A run of `sealink bench`: a progress bar while it measures, then a table and a chart."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from sealink.benchmark.measurement import Endpoint, Measurement, Plan, measure
from sealink.benchmark.model_list import models_in, models_request
from sealink.benchmark.plain_text import plain
from sealink.benchmark.summary import Quantiles, Summary, histogram, summary
from sealink.errors import GatewayTimeout, SealinkError
from sealink.net.client import UpstreamPool

_BARS: Final = " ▁▂▃▄▅▆▇█"
_BUCKETS: Final = 40
_ROWS: Final = (
    ("TTFT, ms: p50 / p95 / p99", "ttft_s", 1000),
    ("tokens/s", "tokens_per_s", 1),
    ("longest gap, ms", "longest_gap_s", 1000),
)


async def run(wanted: Sequence[tuple[str, str, str]], plan: Plan, *, as_json: bool) -> None:
    """Measure endpoints, each a URL, a key and a model, and print what was found. Raises SealinkError."""
    endpoints = [Endpoint(url, key, model or await _first_model(url, key, plan)) for url, key, model in wanted]
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=as_json or not console.is_terminal,
    ) as progress:
        tasks = {each: progress.add_task(plain(f"{each.url} {each.model}"), total=plan.requests) for each in endpoints}
        found = await measure(endpoints, plan, lambda endpoint, _: progress.advance(tasks[endpoint]))
    if as_json:
        print(msgspec.json.encode(_as_json(found)).decode())
    else:
        _show(found)


async def _first_model(url: str, key: str, plan: Plan) -> str:
    """The simulated model if the endpoint lists it, else the first that it lists. Raises SealinkError."""
    pool, body = UpstreamPool(), b""
    try:
        async with asyncio.timeout(plan.timeout_s):
            answer = await pool.send(models_request(url, key), connect_s=plan.timeout_s)
            while piece := await answer.read():
                body += piece
        return models_in(body)[0]
    except TimeoutError:
        raise GatewayTimeout(f"{url}/models has not answered within {plan.timeout_s:g} s.") from None
    except (ValueError, IndexError) as error:
        raise SealinkError(f"{url}/models lists no model: say which with --model.") from error
    finally:
        await pool.close()


def _as_json(found: dict[Endpoint, list[Measurement]]) -> list[dict[str, Any]]:
    return [
        {"url": endpoint.url, "model": endpoint.model, **msgspec.to_builtins(summary(measurements))}
        for endpoint, measurements in found.items()
    ]


def _show(found: dict[Endpoint, list[Measurement]]) -> None:
    """A column for each endpoint, then how its times to first token are spread."""
    console = Console()
    summaries = [summary(measurements) for measurements in found.values()]
    table = Table("", *(Column(Text(plain(endpoint.url))) for endpoint in found))
    table.add_row("model", *(Text(plain(endpoint.model)) for endpoint in found))
    for name, cells in _rows(summaries):
        table.add_row(name, *cells)
    console.print(table)
    times = [[one.ttft_s for one in each if one.ttft_s is not None] for each in found.values()]
    slowest_s = max((value for each in times for value in each), default=0.0)
    for endpoint, values, of in zip(found, times, summaries, strict=True):
        if values:
            title = f"TTFT of {plain(endpoint.url)}, from 0 to {slowest_s * 1000:.0f} ms"
            console.print(title, chart(values, slowest_s), sep="\n", markup=False, highlight=False)
        for words, count in of.errors.items():
            line = plain(f"{endpoint.url}: {count} failed: {words}")
            console.print(line, style="red", markup=False, highlight=False)


def _rows(summaries: Sequence[Summary]) -> Iterator[tuple[str, list[str]]]:
    yield "whole streams", [f"{each.streams - sum(each.errors.values())} of {each.streams}" for each in summaries]
    for name, field, scale in _ROWS:
        yield name, [_quantiles(getattr(each, field), scale) for each in summaries]


def _quantiles(of: Quantiles | None, scale: float) -> str:
    return "-" if of is None else f"{of.p50 * scale:,.0f} / {of.p95 * scale:,.0f} / {of.p99 * scale:,.0f}"


def chart(values: Sequence[float], top: float) -> str:
    """A line of bars: how the values are spread from 0 to `top`."""
    counts = histogram([*values, top], _BUCKETS)
    counts[-1] -= 1  # `top` itself
    highest = max(counts) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // highest)] for count in counts)
