"""`sealink sim`: a fake provider, with faults on demand."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from sealink.cli.configuration import run_or_exit

if TYPE_CHECKING:
    from sealink.sim import Chance, SimDialect


class SimCommand(TyperCommand):
    """The command; its help ends with the list of faults, which is imported when the help is shown."""

    def format_help(self, *given: Any) -> None:
        from sealink.sim import described

        self.epilog = "\n\n".join(
            ["Faults:", *described().splitlines(), "PLACE: `headers`, or a number of tokens, default 5."]
        )
        super().format_help(*given)


def sim(
    dialect: Annotated[str | None, typer.Option(help="The wire format. Default: openai")] = None,
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
    """Run a fake provider, whose answers fail on demand.

    Faults come at random (--fault status=429=0.02), with the header x-sealink-sim-fault (stall@0,crlf), or with
    the model's name (sealink/sim+truncate=700).
    """
    from sealink.cli.fake_provider import serve
    from sealink.sim import SimSettings

    chosen = _dialect(dialect)
    settings = SimSettings(ttft_s=ttft_s, tokens_per_s=tokens_per_s, chances=_chances(fault or []), seed=seed)
    run_or_exit(serve(settings, chosen, host, port))


def _dialect(name: str | None) -> "SimDialect":
    from sealink.sim import SimDialect

    known: tuple[SimDialect, ...] = get_args(SimDialect)
    if name is None:
        return known[0]
    if name not in known:
        raise typer.BadParameter(f"this version speaks {', '.join(known)}, not {name!r}", param_hint="--dialect")
    return known[known.index(name)]


def _chances(texts: list[str]) -> "tuple[Chance, ...]":
    from sealink.errors import SealinkError
    from sealink.sim import read_chance

    try:
        return tuple(map(read_chance, texts))
    except SealinkError as error:
        raise typer.BadParameter(error.message, param_hint="--fault") from error
