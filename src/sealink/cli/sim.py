"""`sealink sim`: a stand-in for a provider, with faults on demand."""

from typing import Annotated, get_args

import typer

from sealink.cli.process import StopSignals, raise_file_limit, run_on_best_loop
from sealink.errors import SealinkError
from sealink.net.server import Server, ServerLimits
from sealink.sim import FAULT_HEADER, SIM_MODEL, Chance, SimDialect, SimSettings, described, read_chance, sim_handler

_DIALECTS: tuple[SimDialect, ...] = get_args(SimDialect)

MAX_BODY_BYTES = 32 * 1024 * 1024

FAULTS_HELP = "\n\n".join(["Faults:", *described().splitlines(), "PLACE: `headers`, or a number of tokens, default 5."])


def sim(
    dialect: Annotated[str, typer.Option(help="The wire format.")] = _DIALECTS[0],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 4010,
    ttft_s: Annotated[float, typer.Option(min=0, help="Seconds until the first token.")] = 0.2,
    tokens_per_s: Annotated[float, typer.Option(min=0, help="The pace; 0: as fast as the client reads.")] = 60.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT=PROBABILITY", help="May be repeated; faults with commas between come together."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="For the same faults in each run.")] = None,
) -> None:
    """Play a provider whose answers go wrong on demand.

    Faults come by chance (--fault status=429=0.02), with the header x-sealink-sim-fault (stall@0,crlf), or with
    the model's name (sealink/sim+truncate=700).
    """
    spoken = _dialect(dialect)
    settings = SimSettings(ttft_s=ttft_s, tokens_per_s=tokens_per_s, chances=_chances(fault or []), seed=seed)
    run_on_best_loop(_serve(settings, spoken, host, port))


def _dialect(name: str) -> SimDialect:
    if name not in _DIALECTS:
        known = ", ".join(_DIALECTS)
        raise typer.BadParameter(f"this version speaks {known}, not {name!r}", param_hint="--dialect")
    return _DIALECTS[_DIALECTS.index(name)]


def _chances(texts: list[str]) -> tuple[Chance, ...]:
    try:
        return tuple(map(read_chance, texts))
    except SealinkError as error:
        raise typer.BadParameter(error.message, param_hint="--fault") from error


async def _serve(settings: SimSettings, dialect: SimDialect, host: str, port: int) -> None:
    server = Server(
        sim_handler(settings, dialect),
        limits=ServerLimits(),
        body_limit=lambda path: MAX_BODY_BYTES,
        error_response=lambda error, path: ([("content-type", "text/plain")], error.message.encode()),
    )
    raise_file_limit()
    signals = StopSignals()
    try:
        addresses = await server.start(host, port)
    except OSError as error:
        typer.echo(f"cannot listen on {host}:{port}: {error.strerror}", err=True)
        raise SystemExit(1) from error
    typer.echo(f"a simulated {dialect} provider listens on http://{addresses[0][0]}:{addresses[0][1]}")
    typer.echo(f"its model: {SIM_MODEL}; for a fault: {SIM_MODEL}+close@3, or the header {FAULT_HEADER}: close@3")
    await signals.told.wait()
    await server.stop(0)
