"""What of an answer becomes a fixture, and what of it does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealink.errors import HeaderList
from sealink.net.message import UpstreamRequest
from sealink.recorder.fixture import Answer, framing_of, write

KEY = "Bearer sk-1234567890"


def answer(
    *chunks: bytes,
    url: str = "https://x.test/v1/chat/completions?key=sk-1234567890",
    asked: dict[str, Any] | None = None,
    content_type: str = "application/json",
    status: int = 200,
    headers: HeaderList = (),
) -> Answer:
    body = json.dumps({"model": "m"} if asked is None else asked).encode()
    request = UpstreamRequest("POST", url, [("authorization", KEY), ("content-type", "application/json")], body)
    return Answer("p", "openai-chat", request, status, [("content-type", content_type), *headers], list(chunks))


def kept(folder: Path, it: Answer, *, with_prompt: bool = False) -> tuple[str, dict[str, Any], bytes]:
    place = write(it, folder, with_prompt=with_prompt)
    name = place.relative_to(folder).as_posix()
    return name, json.loads((place / "meta.json").read_bytes()), (place / "response.body").read_bytes()


@pytest.mark.parametrize(
    ("content_type", "body", "framing"),
    [
        ("text/event-stream; charset=utf-8", b"data: {}\n\n", "sse"),
        ("Application/X-NDJSON", b"{}\n", "ndjson"),
        ("application/vnd.amazon.eventstream", b"\0", "aws-eventstream"),
        ("application/json", b"{}", "json"),
        ("application/json; charset=UTF-8", b"[{}]", "json-array"),
        ("", b' {"a": 1}', "json"),
        ("text/html", b"<html>", "text"),
    ],
)
def test_how_an_answer_is_framed(content_type: str, body: bytes, framing: str) -> None:
    assert framing_of(answer(body, content_type=content_type)) == framing


def test_an_array_of_errors_is_no_stream(tmp_path: Path) -> None:
    _, meta, _ = kept(tmp_path, answer(b'[{"error": {}}]', status=400))
    assert (meta["kind"], meta["framing"]) == ("error", "json")


@pytest.mark.parametrize(
    ("url", "asked", "name"),
    [
        ("https://x.test/v1/chat/completions", {"model": "Org/Model-1.5"}, "p/org-model-1.5-json-"),
        ("https://x.test/v1beta/models/flash-2:generate", {}, "p/flash-2-json-"),
        ("https://x.test/model/nova%3A0/converse", {}, "p/nova-3a0-json-"),
        ("https://x.test/chat", {"model": "../../etc"}, "p/etc-json-"),
        ("https://x.test/chat", {"model": 5}, "p/model-json-"),
    ],
)
def test_a_fixture_is_named_after_its_model(tmp_path: Path, url: str, asked: dict[str, Any], name: str) -> None:
    assert kept(tmp_path, answer(b"{}", url=url, asked=asked))[0].startswith(name)


def test_the_same_answer_is_the_same_fixture(tmp_path: Path) -> None:
    names = {kept(tmp_path, answer(*chunks))[0] for chunks in [(b"{}",), (b"{", b"}"), (b"{ }",)]}
    assert len(names) == 2


def test_neither_queries_nor_projects_are_kept(tmp_path: Path) -> None:
    url = "https://x.test/v1/projects/mine/locations/eu/models/m:generate?key=sk-1234567890"
    assert kept(tmp_path, answer(b"{}", url=url))[1]["endpoint"] == (
        "/v1/projects/PROJECT/locations/eu/models/m:generate"
    )


def test_a_key_that_is_repeated_is_overwritten_though_it_is_cut_in_two(tmp_path: Path) -> None:
    _, meta, body = kept(tmp_path, answer(b"no such key: sk-12345", b"67890, sk-1234567890!"))
    assert body == b"no such key: xxxxxxxxxxxxx, xxxxxxxxxxxxx!"
    assert (meta["scrubbed"], meta["chunk_sizes"], meta["bytes"]) == (2, [21, 21], 42)


def test_the_request_is_kept_only_if_that_is_asked_for(tmp_path: Path) -> None:
    assert kept(tmp_path, answer(b"{}"))[1]["request"] is None
    assert kept(tmp_path, answer(b"{}"), with_prompt=True)[1]["request"] == {"model": "m"}


def test_only_listed_headers_are_kept(tmp_path: Path) -> None:
    headers = [("x-request-id", "1"), ("set-cookie", "a=b"), ("openai-organization", "o"), ("retry-after", "2")]
    _, meta, _ = kept(tmp_path, answer(b"{}", headers=headers))
    assert meta["response_headers"] == {"content-type": "application/json", "x-request-id": "1", "retry-after": "2"}
