"""Google's access tokens, fetched from a token server on loopback."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.google_tokens import TokenServer, account_file, token_server
from sealink.errors import UpstreamError
from sealink.providers.signers.google import GoogleSigner, signer_for


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture
def account(server: TokenServer, tmp_path: Path) -> Path:
    return account_file(tmp_path / "account.json", server.url)


async def tokens(signer: GoogleSigner, times: int) -> set[str]:
    signed = await asyncio.gather(*[signer.sign("POST", "https://x.test", (), b"") for _ in range(times)])
    return {dict(headers)["authorization"] for headers in signed}


def test_many_requests_share_one_token(server: TokenServer, account: Path) -> None:
    signer = signer_for("", {"credentials": str(account)})
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
