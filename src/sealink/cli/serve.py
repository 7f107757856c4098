"""`sealink serve`: run the gateway until a signal stops it."""

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sealink.cli.configuration import ConfigOption, fail, greet, load_to_serve, load_to_serve_again, run_or_exit

if TYPE_CHECKING:
    from sealink.config import Config

HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
PortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def serve(
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    admin_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port of the admin API; 0 takes a free one.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Start even if the workers of another SeaLink listen on the port.")
    ] = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, then let open streams finish."""
    from sealink.app.process import CannotStart, serve_until_stopped, survive_hangup
    from sealink.app.workers import supervise
    from sealink.telemetry.log_format import configure_logging

    survive_hangup()
    loaded, note = load_to_serve(config)
    loaded = with_options(loaded, host, port, admin_port)
    configure_logging(loaded.log.format, loaded.log.level)
    on_listening = partial(greet, loaded, note)
    load = partial(load_again, config, host, port, admin_port)
    if workers == 1 and not takeover:
        run_or_exit(serve_until_stopped(loaded, on_listening, with_admin=True, load=load))
        return
    try:
        supervise(loaded, workers, on_listening, load=load, takes_over=takeover)
    except CannotStart as error:
        fail(str(error))


def load_again(path: Path | None, host: str | None, port: int | None, admin_port: int | None) -> "Config":
    """The config that a running server reads again. Raises ConfigError."""
    config, warnings = load_to_serve_again(path)
    for warning in warnings:
        logging.getLogger("sealink.config").warning("%s", warning)
    return with_options(config, host, port, admin_port)


def with_options(config: "Config", host: str | None, port: int | None, admin_port: int | None = None) -> "Config":
    """The config, with what the command line sets otherwise."""
    from msgspec.structs import replace

    server, admin = config.server, config.admin
    server = replace(server, host=host or server.host, port=server.port if port is None else port)
    admin = replace(admin, port=admin.port if admin_port is None else admin_port)
    return replace(config, server=server, admin=admin)
