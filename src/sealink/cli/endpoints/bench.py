"""`sealink bench`: how fast endpoints stream, side by side."""

from typing import Annotated

import typer

from sealink.cli.configuration import fail

PROMPT = "Explain in about 150 words how a lighthouse works."


def bench(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="OpenAI-compatible endpoints; each ends in /v1.")],
    key: Annotated[list[str] | None, typer.Option(help="The API key; one for all, or one for each URL.")] = None,
    model: Annotated[
        list[str] | None, typer.Option("-m", "--model", help="One for all, or one for each URL. Default: asked of it.")
    ] = None,
    requests: Annotated[int, typer.Option(min=1, max=10_000, help="Streams for each URL.")] = 20,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Streams at a time.")] = 4,
    prompt: Annotated[str, typer.Option(help="What to ask.")] = PROMPT,
    max_tokens: Annotated[int, typer.Option(min=1, help="The length at which an answer is cut.")] = 256,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="How long one stream may take, in seconds.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure time to first token, pace and gaps of streams from one or several endpoints. Each request is paid for."""
    from sealink.app.process import run_on_best_loop
    from sealink.benchmark.measurement import Plan
    from sealink.benchmark.terminal import run
    from sealink.errors import SealinkError

    plan = Plan(requests, concurrency, prompt, max_tokens, timeout_s)
    keys, models = _for_each(key or [""], urls, "--key"), _for_each(model or [""], urls, "--model")
    wanted = list(zip(urls, keys, models, strict=True))
    try:
        run_on_best_loop(run(wanted, plan, as_json=as_json))
    except SealinkError as error:
        fail(f"error: {error.message}")


def _for_each(values: list[str], urls: list[str], option: str) -> list[str]:
    """One value for each URL."""
    if len(values) == 1:
        return values * len(urls)
    if len(values) != len(urls):
        fail(f"{option} is given {len(values)} times for {len(urls)} URLs: give it once, or once for each.")
    return values
