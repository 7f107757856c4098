"""Google's access tokens, fetched from a token server on loopback."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sealink.errors import UpstreamError
from sealink.providers.google_signer import GoogleSigner, google_signer


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


@pytest.fixture
def server() -> Iterator[TokenServer]:
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


@pytest.fixture
def account(server: TokenServer, tmp_path: Path) -> Path:
    return account_file(tmp_path / "account.json", server.url)


async def tokens(signer: GoogleSigner, times: int) -> set[str]:
    signed = await asyncio.gather(*[signer.sign("POST", "https://x.test", (), b"") for _ in range(times)])
    return {dict(headers)["authorization"] for headers in signed}


def test_many_requests_share_one_token(server: TokenServer, account: Path) -> None:
    signer = google_signer({"credentials": str(account)})
    assert asyncio.run(tokens(signer, 20)) == {"Bearer token-1"}
    assert [asked["grant_type"] for asked in server.asked] == [["urn:ietf:params:oauth:grant-type:jwt-bearer"]]


def test_a_token_is_renewed_before_it_ends(server: TokenServer, account: Path) -> None:
    server.lifetime_s = 60  # less than Google's own margin
    signer = GoogleSigner(str(account))
    assert asyncio.run(tokens(signer, 1)) == {"Bearer token-1"}
    assert asyncio.run(tokens(signer, 1)) == {"Bearer token-2"}


def test_a_refusal_is_told_with_googles_words(server: TokenServer, account: Path) -> None:
    server.status = 400
    with pytest.raises(UpstreamError, match=r"^Google Cloud credentials: .*invalid_grant") as caught:
        asyncio.run(tokens(GoogleSigner(str(account)), 1))
    assert caught.value.code == "upstream_credentials"


@pytest.mark.parametrize("text", [None, "{", "{}"])
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "account.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UpstreamError, match=r"^Google Cloud credentials: ") as caught:
        asyncio.run(tokens(GoogleSigner(str(path)), 1))
    assert caught.value.code == "upstream_credentials"


def test_the_machines_own_credentials_are_found(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    assert asyncio.run(tokens(GoogleSigner(), 1)) == {"Bearer token-1"}
