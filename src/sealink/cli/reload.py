"""`sealink reload`: a running server reads its config again."""

import json
from typing import TYPE_CHECKING, Any, Final

import typer

from sealink.cli.configuration import ConfigOption, fail, load_or_exit

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from sealink.config import Config

_TIMEOUT_S: Final = 30.0


def reload(config: ConfigOption = None) -> None:
    """Put the config in force for new requests; open streams keep what they began with.

    The server is found by the config's [admin] host and port. Says what has changed. Ends with 1 where the config has
    mistakes, or no server is reached: nothing has changed then.
    """
    loaded = load_or_exit(config)
    changes = _reloaded(loaded)
    for line in changes["applied"]:
        typer.echo(line)
    for line in changes["at_restart"]:
        typer.echo(f"{line} (after a restart)")
    if not changes["applied"] and not changes["at_restart"]:
        typer.echo("nothing has changed")


def _reloaded(config: "Config") -> dict[str, Any]:
    """What the server says."""
    import http.client

    admin = config.admin
    connection = _connection(config)
    try:
        connection.request("POST", "/admin/v1/reload", headers={"authorization": f"Bearer {_token(config)}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        fail(f"no SeaLink is reached at {admin.host}:{admin.port} ([admin]): {error}")
    finally:
        connection.close()
    if answer.status != http.client.OK:
        fail(body["error"]["message"])
    return dict(body)


def _connection(config: "Config") -> "HTTPConnection":
    """To the admin port. Over TLS it must show the certificate that the config names, whatever name stands in it."""
    import http.client
    import ssl

    from sealink.app.listening.address import connectable

    admin = config.admin
    host = connectable(admin.host)
    if not admin.tls_cert:
        return http.client.HTTPConnection(host, admin.port, timeout=_TIMEOUT_S)
    try:
        context = ssl.create_default_context(cafile=admin.tls_cert)
    except OSError as error:
        fail(f"[admin] tls_cert: {admin.tls_cert}: {error.strerror or error}")
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(host, admin.port, timeout=_TIMEOUT_S, context=context)


def _token(config: "Config") -> str:
    """The token of the running server."""
    from pathlib import Path

    from sealink.admin.admin_token import FILE
    from sealink.config.environment import admin_token

    try:
        return admin_token() or (Path(config.server.data_dir) / FILE).read_text().strip()
    except OSError as error:
        fail(f"the admin token cannot be read: {error}")
