"""`sealink serve`: run the gateway until it is told to stop."""

from typing import Annotated

import msgspec
import typer

from sealink.cli.configuration import ConfigOption, load_or_exit, warn_unenforced
from sealink.cli.process import configure_logging, greeting, run_on_best_loop, serve_until_stopped
from sealink.cli.workers import supervise
from sealink.config import Config

HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
PortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def serve(
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    admin_port: Annotated[int | None, typer.Option(help="The console's port; no console in this version.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, then let open streams finish."""
    configure_logging()
    loaded = with_options(load_or_exit(config), host, port, admin_port)
    warn_unenforced(loaded)
    if workers == 1:
        run_on_best_loop(serve_until_stopped(loaded, lambda base_url: typer.echo(greeting(loaded, base_url))))
    else:
        supervise(loaded, workers)


def with_options(config: Config, host: str | None, port: int | None, admin_port: int | None = None) -> Config:
    """The config with what the command line says otherwise."""
    server, admin, replace = config.server, config.admin, msgspec.structs.replace
    server = replace(server, host=host or server.host, port=server.port if port is None else port)
    admin = replace(admin, port=admin.port if admin_port is None else admin_port)
    return replace(config, server=server, admin=admin)
