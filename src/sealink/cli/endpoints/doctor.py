"""`sealink doctor`: what the way to an endpoint does to streams."""

from typing import Annotated

import typer


def doctor(
    url: Annotated[str, typer.Argument(metavar="URL", help="An OpenAI-compatible endpoint; it ends in /v1.")],
    key: Annotated[str, typer.Option(help="The API key.")] = "",
    model: Annotated[
        str, typer.Option("-m", "--model", help="Default: sealink/sim if it is listed, else the first that answers.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Try silences of up to 330 s as well.")] = False,
    conformance: Annotated[
        bool, typer.Option("--conformance", help="Judge the APIs themselves instead: a scorecard of their rules.")
    ] = False,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="How long one answer may take, in seconds.")] = 15.0,
    limit_s: Annotated[
        float | None,
        typer.Option(min=1, help="How long all may take. Default: 29, with --conformance 120; with --long 330 more."),
    ] = None,
) -> None:
    """Examine what stands between here and a model: does it pass streams on as they are?

    Exit code: 0 green, 1 warnings, 2 streams are broken, or the endpoint could not be examined. With SeaLink's
    simulated model (sealink/sim) all is measured; with others, what can be seen from here. A handful of short requests
    is paid for.
    """
    from msgspec.structs import replace

    from sealink.app.process import run_on_best_loop
    from sealink.doctor.plan import Plan
    from sealink.doctor.terminal import run

    plan, code = Plan(answer_s=timeout_s), 0
    if limit_s is not None:
        plan = replace(plan, limit_s=limit_s, conformance_limit_s=limit_s)

    async def examine() -> None:
        nonlocal code
        code = await run(url, key, model, plan, as_json=as_json, is_long=long, is_conformance=conformance)

    run_on_best_loop(examine())
    raise typer.Exit(code)
