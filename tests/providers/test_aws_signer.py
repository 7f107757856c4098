"""AWS signatures: Amazon's published vectors, where credentials come from, and what is told when there are none."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.auth
import pytest

from sealink.daemon_thread import SingleFlight
from sealink.errors import UpstreamError
from sealink.providers.signers.aws import AwsSigner

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
URL = "https://example.amazonaws.com/"
FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "*/*"))
SCOPE = "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"


@pytest.fixture(autouse=True)
def clean_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The published vectors' time and keys, and nothing of this machine's own."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)


def signed(
    method: str = "GET", url: str = URL, headers: Any = (), body: bytes = b"", signer: AwsSigner | None = None
) -> dict[str, str]:
    signer = signer or AwsSigner("service", "us-east-1")
    return dict(asyncio.run(signer.sign(method, url, headers, body)))


@pytest.mark.parametrize(
    ("method", "path", "signature"),
    [  # of the AWS Signature Version 4 test suite: get-vanilla, get-vanilla-query-order-key-case, post-vanilla
        ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "GET",
            "?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_the_published_vectors(method: str, path: str, signature: str) -> None:
    headers = signed(method, URL + path)
    assert headers == {
        "x-amz-date": "20150830T123600Z",
        "authorization": f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host;x-amz-date, Signature={signature}",
    }


def test_the_published_vector_with_a_body() -> None:
    """post-x-www-form-urlencoded: the body and its type are signed, other headers of ours are not."""
    headers = signed("POST", headers=FORM, body=b"Param1=value1")
    signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    assert headers["authorization"].endswith(f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}")
    assert set(headers) == {"authorization", "x-amz-date"}


def test_every_body_and_path_has_a_signature_of_its_own() -> None:
    urls = [f"{URL}model/{model}/converse" for model in ("amazon.nova-lite-v1%3A0", "amazon.nova-lite-v1:0")]
    assert len({signed(url=url, body=body)["authorization"] for url in urls for body in (b"{}", b"{ }")}) == 4


def test_temporary_credentials_send_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    headers = signed()
    assert headers["x-amz-security-token"] == "a-token"
    assert "host;x-amz-date;x-amz-security-token" in headers["authorization"]


def test_a_profile_is_read_from_amazons_files(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = s\n")
    assert "Credential=AKIDWORK/" in signed(signer=AwsSigner("service", "us-east-1", "work"))["authorization"]


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(UpstreamError, match=r"AWS credentials: The config profile \(play\) could not be found"):
        signed(signer=AwsSigner("service", "us-east-1", "play"))


def test_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(UpstreamError, match="No AWS credentials were found: set `api_key` or `profile`") as caught:
        signed()
    assert caught.value.code == "upstream_credentials"


def test_credentials_are_looked_for_once_and_renewed_off_the_loop() -> None:
    signer, threads = AwsSigner("service", "us-east-1"), []
    signer._search = SingleFlight(lambda: (threads.append(threading.current_thread()), signer._look())[1])

    async def three_times() -> None:
        for _ in range(2):
            await signer.sign("GET", URL, (), b"")
        signer._credentials.refresh_needed = lambda: True
        await signer.sign("GET", URL, (), b"")

    asyncio.run(three_times())
    assert len(set(threads)) == 2
    assert threading.main_thread() not in threads
