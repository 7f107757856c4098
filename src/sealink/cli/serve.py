"""`sealink serve`: run the gateway until a signal stops it."""

from typing import TYPE_CHECKING, Annotated

import typer

from sealink import __version__
from sealink.cli.configuration import ConfigOption, fail, load_or_exit, run_or_exit, warn_unenforced

if TYPE_CHECKING:
    from sealink.config import Config

HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
PortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def serve(
    config: ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    admin_port: Annotated[
        int | None,
        typer.Option(help="The port of the console. Accepted, but nothing listens on it in this version."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, then let open streams finish."""
    from sealink.app.process import CannotStart, configure_logging, serve_until_stopped, survive_hangup
    from sealink.app.workers import supervise

    survive_hangup()
    loaded = with_options(load_or_exit(config), host, port, admin_port)
    configure_logging(loaded.log)
    warn_unenforced(loaded)

    def greet(base_url: str) -> None:
        typer.echo(greeting(loaded, base_url))

    if workers == 1:
        run_or_exit(serve_until_stopped(loaded, greet))
        return
    try:
        supervise(loaded, workers, greet)
    except CannotStart as error:
        fail(str(error))


def with_options(config: "Config", host: str | None, port: int | None, admin_port: int | None = None) -> "Config":
    """The config, with what the command line sets otherwise."""
    from msgspec.structs import replace

    server, admin = config.server, config.admin
    server = replace(server, host=host or server.host, port=server.port if port is None else port)
    admin = replace(admin, port=admin.port if admin_port is None else admin_port)
    return replace(config, server=server, admin=admin)


def greeting(config: "Config", base_url: str) -> str:
    """Where SeaLink listens, the key to use, and one line to paste.

    A key is shown only if it was generated for this run; one of the user's own is named, not shown.
    """
    from sealink.config import GENERATED_KEY

    key = config.keys[0]
    generated = key.name == GENERATED_KEY
    secret = key.key if generated else "$SEALINK_API_KEY"
    model = next((model.id for model in config.models if "*" not in model.id), "MODEL")
    body = f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hello!"}}]}}'
    return "\n".join(
        [
            f"SeaLink {__version__} listens on {base_url}",
            f"key: {secret}" if generated else f"key: the one named {key.name!r}",
            "try: "
            f'curl -N {base_url}/chat/completions -H "Authorization: Bearer {secret}"'
            f" -H 'Content-Type: application/json' -d '{body}'",
        ]
    )
