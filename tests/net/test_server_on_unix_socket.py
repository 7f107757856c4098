"""The server on a Unix socket: the same HTTP, and the socket's file is left to whoever made it."""

import asyncio
import json
import socket
from pathlib import Path

from served import BODY_LIMIT, GET, echo, error_response, on_both_loops

from sealink.net.server import Server, ServerLimits


@on_both_loops
async def test_it_answers_and_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    limits = ServerLimits(keep_alive_grace_s=0)
    server = Server(echo, limits=limits, check_head=lambda request: BODY_LIMIT, error_response=error_response)
    await server.start_on([listening])
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GET)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    asked = json.loads(await reader.readexactly(length))
    assert (asked["path"], asked["peer"]) == ("/", "")
    await server.stop(1)
    assert await reader.read() == b""
    writer.close()
    assert path.is_socket()
