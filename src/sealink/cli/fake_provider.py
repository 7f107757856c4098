"""The server of `sealink sim`."""

import typer

from sealink.app.process import CannotStart, StopSignals, raise_file_limit
from sealink.net.server import Server, ServerLimits
from sealink.sim import FAULT_HEADER, SIM_MODEL, SimDialect, SimSettings, sim_handler

MAX_BODY_BYTES = 32 * 1024 * 1024


async def serve(settings: SimSettings, dialect: SimDialect, host: str, port: int) -> None:
    """Run the provider until SIGTERM or SIGINT. Raises CannotStart."""
    server = Server(
        sim_handler(settings, dialect),
        limits=ServerLimits(keep_alive_grace_s=0),
        check_head=lambda request: MAX_BODY_BYTES,
        error_response=lambda error, request: ([("content-type", "text/plain")], error.message.encode()),
    )
    raise_file_limit()
    signals = StopSignals()
    try:
        addresses = await server.start(host, port)
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from error
    typer.echo(f"a simulated {dialect} provider listens on http://{addresses[0][0]}:{addresses[0][1]}")
    typer.echo(f"its model: {SIM_MODEL}; for a fault: {SIM_MODEL}+close@3, or the header {FAULT_HEADER}: close@3")
    await signals.first.wait()
    await server.stop(0)
