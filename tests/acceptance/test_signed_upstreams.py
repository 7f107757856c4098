"""Requests to AWS and Google Cloud by a real SeaLink: the signature is checked against the bytes that arrived."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import botocore.auth
import openai
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from acceptance.made_streams import openai_stream
from acceptance.sealink_process import KEY, SealinkProcess
from providers.google_tokens import TokenServer, account_file, token_server
from replay import Answer, ReplayingUpstream, Request

NOTHING_OF_THIS_MACHINE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none"}
AWS_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
ANSWER = Answer(openai_stream(["Hi"]), 200, [("content-type", "text/event-stream")])


def config(name: str, base_url: str, model: str, lines: str) -> str:
    return (
        f'[[providers]]\nname = "{name}"\nbase_url = "{base_url}"\n{lines}\n'
        f'[[models]]\nid = "m"\ntargets = [{{ provider = "{name}", model = "{model}" }}]\n'
    )


def ask(sealink: SealinkProcess) -> str:
    with openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=KEY, max_retries=0) as client:
        messages = [{"role": "user", "content": "Grüße"}]
        stream = client.chat.completions.create(model="m", messages=messages, stream=True)  # type: ignore[call-overload]
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def signature_of(request: Request, url: str, service: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What botocore makes of the request as it arrived."""
    signed = re.search(r"SignedHeaders=([^,]+)", request.headers["authorization"])
    assert signed
    headers = {name: request.headers[name] for name in signed[1].split(";") if name != "x-amz-date"}
    then = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: then)
    again = AWSRequest("POST", url + request.path, headers, request.body)
    botocore.auth.SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), service, "eu-west-1").add_auth(again)
    return str(again.headers["authorization"])


@pytest.mark.parametrize(
    ("vendor", "service", "path"),
    [
        ("bedrock", "bedrock", "/model/amazon.nova-lite-v1%3A0/converse-stream"),
        ("bedrock-mantle", "bedrock-mantle", "/chat/completions"),
    ],
)
def test_what_arrives_at_aws_is_what_was_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: str, service: str, path: str
) -> None:
    with ReplayingUpstream(lambda _: ANSWER) as upstream:
        told = config(vendor, upstream.url, "amazon.nova-lite-v1:0", 'region = "eu-west-1"')
        with SealinkProcess(told, tmp_path, {**NOTHING_OF_THIS_MACHINE, **AWS_KEYS}) as sealink:
            try:
                ask(sealink)
            except openai.APIError:
                assert vendor == "bedrock"  # what came back is none of Bedrock's
        request = upstream.exchanges[0].request
    assert request.path == path
    assert "host" in request.headers["authorization"]
    assert request.headers["authorization"] == signature_of(request, upstream.url, service, monkeypatch)


def test_without_credentials_it_is_said_what_is_missing(tmp_path: Path) -> None:
    with ReplayingUpstream(lambda _: ANSWER) as upstream:
        told = config("bedrock-mantle", upstream.url, "m", 'region = "eu-west-1"')
        with SealinkProcess(told, tmp_path, NOTHING_OF_THIS_MACHINE) as sealink:
            with pytest.raises(
                openai.InternalServerError, match="No AWS credentials were found: set `api_key`"
            ) as caught:
                ask(sealink)
            assert caught.value.code == "upstream_credentials"
        assert not upstream.exchanges


def test_a_bedrock_key_needs_no_signature(tmp_path: Path) -> None:
    with ReplayingUpstream(lambda _: ANSWER) as upstream:
        lines = 'api_key = "${AWS_BEARER_TOKEN_BEDROCK}"\nheaders = { "OpenAI-Project" = "p" }'
        told = config("bedrock-mantle", upstream.url, "m", lines)
        with SealinkProcess(told, tmp_path, {"AWS_BEARER_TOKEN_BEDROCK": "abc"}) as sealink:
            assert ask(sealink) == "Hi"
        headers = upstream.exchanges[0].request.headers
        assert (headers["authorization"], headers["openai-project"]) == ("Bearer abc", "p")


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


def test_claude_in_googles_cloud_is_asked_with_a_token(tmp_path: Path, tokens: TokenServer) -> None:
    account_file(tmp_path / "account.json", tokens.url)
    lines = 'dialect = "anthropic"\nproject = "p"\ncredentials = "account.json"'
    with ReplayingUpstream(lambda _: ANSWER) as upstream:
        with SealinkProcess(config("vertex", upstream.url, "claude-sonnet-4-5", lines), tmp_path) as sealink:
            for _ in range(2):
                with pytest.raises(openai.APIError):
                    ask(sealink)
        requests = [exchange.request for exchange in upstream.exchanges]
    assert {request.path for request in requests} == {"/claude-sonnet-4-5:streamRawPredict"}
    assert {request.headers["authorization"] for request in requests} == {"Bearer token-1"}
    assert all("model" not in request.json and request.json["anthropic_version"] for request in requests)
