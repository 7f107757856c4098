"""A token server on loopback in Google's place, and an account that asks it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


class TokenServer(ThreadingHTTPServer):
    """Google's OAuth endpoint: each assertion is worth a new token, or an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200
        self.lifetime_s = 3600

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/token"


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        self.server.asked.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
        token = {"access_token": f"token-{len(self.server.asked)}", "expires_in": self.server.lifetime_s}
        answer = token if self.server.status == 200 else {"error": "invalid_grant", "error_description": "Unknown."}
        body = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """A TokenServer at work."""
    with TokenServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def account_file(path: Path, token_url: str) -> Path:
    """A service account's file, with a key made for this test."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    says = {"type": "service_account", "project_id": "p", "client_email": "a@p.test", "token_uri": token_url}
    path.write_text(json.dumps({**says, "private_key_id": "1", "private_key": key.decode()}))
    return path
