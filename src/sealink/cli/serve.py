"""`sealink serve`: run the gateway until a signal stops it."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sealink.cli.configuration import ConfigOption, fail, greet, load_to_serve, load_to_serve_again, run_or_exit

if TYPE_CHECKING:
    from socket import socket

    from sealink.app.listening.sockets import Sockets
    from sealink.app.listening.takeover import Predecessor
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
        bool,
        typer.Option("--takeover", help="Take over from the SeaLink that listens at this address, if there is one."),
    ] = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, then let open streams finish."""
    from sealink.app.listening.sockets import at_addresses_of
    from sealink.app.listening.systemd import NotASocket, given_sockets
    from sealink.app.process import survive_hangup
    from sealink.telemetry.log_format import configure_logging

    survive_hangup()
    loaded, note = load_to_serve(config)
    loaded = with_options(loaded, host, port, admin_port)
    configure_logging(loaded.log.format, loaded.log.level)
    load = partial(load_again, config, host, port, admin_port)
    try:
        given = given_sockets()
    except NotASocket as error:
        fail(str(error))
    if given is not None and given.public:
        loaded = at_addresses_of(loaded, given.public)
        load = partial(_load_at_addresses_of, given.public, load)
    predecessor = _predecessor(loaded) if takeover and given is None else None

    def on_listening(base_url: str) -> None:
        greet(loaded, note, base_url)
        if predecessor is not None:
            predecessor.stop()

    _run(loaded, workers, on_listening, load, predecessor.sockets if predecessor else given)


def _run(
    config: "Config",
    workers: int,
    on_listening: Callable[[str], None],
    load: Callable[[], "Config"],
    given: "Sockets | None",
) -> None:
    """Serve in one process or in several. One that cannot start ends the command with 1."""
    from sealink.app.process import CannotStart, serve_until_stopped
    from sealink.app.workers.supervisor import supervise

    if workers == 1:
        run_or_exit(serve_until_stopped(config, on_listening, sockets=given, with_admin=True, load=load))
        return
    try:
        supervise(config, workers, on_listening, load=load, given=given)
    except CannotStart as error:
        fail(str(error))


def _predecessor(config: "Config") -> "Predecessor | None":
    """The SeaLink to take over from. Where there is none, this one starts as usual."""
    from sealink.app.listening.takeover import Predecessor

    try:
        found = Predecessor.of(config)
    except OSError as error:
        fail(f"the SeaLink to take over from does not answer: {error}")
    if found is None:
        logging.getLogger("sealink.takeover").info("No SeaLink is there to take over from.")
    return found


def _load_at_addresses_of(sockets: "Sequence[socket]", load: Callable[[], "Config"]) -> "Config":
    from sealink.app.listening.sockets import at_addresses_of

    return at_addresses_of(load(), sockets)


def load_again(path: Path | None, host: str | None, port: int | None, admin_port: int | None) -> "Config":
    """The config that a running server reads again. Raises ConfigError."""
    config, warnings = load_to_serve_again(path)
    for warning in warnings:
        logging.getLogger("sealink.config").warning("%s", warning)
    return with_options(config, host, port, admin_port)


def with_options(config: "Config", host: str | None, port: int | None, admin_port: int | None = None) -> "Config":
    """The config, with what the command line sets otherwise: a host or a port is listened on instead of the Unix
    socket of the file."""
    from msgspec.structs import replace

    server, admin = config.server, config.admin
    server = replace(server, host=host or server.host, port=server.port if port is None else port)
    if host or port is not None:
        server = replace(server, unix_socket="")
    admin = replace(admin, port=admin.port if admin_port is None else admin_port)
    return replace(config, server=server, admin=admin)
