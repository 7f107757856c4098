"""`sealink doctor` as it is called: what it prints, its exit codes, and one line where nothing can be examined."""

import asyncio
import io
import json
import re
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import trustme
from rich.console import Console
from rich.text import Text

from acceptance.sealink_process import free_port
from cli.commands import run
from doctor.test_broken_ways import SHORT, TOO_BUSY
from doctor.ways import BuffersByTime, Proxy, serving, way
from sealink.doctor import terminal
from sealink.doctor.margin import show_beside
from sealink.doctor.plan import Plan
from sealink.net.message import Request, Responder

Handler = Callable[[Request, Responder], Coroutine[Any, Any, None]]
DOCTOR_PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
JSON = [("content-type", "application/json")]


async def ran(url: str, plan: Plan = SHORT, **options: Any) -> int:
    chosen = {"as_json": False, "is_long": False, "is_conformance": False, **options}
    return await terminal.run(url, chosen.pop("key", ""), chosen.pop("model", ""), plan, **chosen)


def without_measures(printed: str) -> list[str]:
    """Lines, of which numbers, bars and addresses are left out."""
    return re.sub(r"https?://\S+|[\d.]+ (?:ms|s)\b|[▁-█ ]*[▁-█]|(?<= )\d+", "N", printed).splitlines()


def test_what_it_prints_is_as_on_its_page(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    async def scenario() -> int:
        async with way(BuffersByTime) as url:
            return await ran(url)

    assert asyncio.run(scenario()) == 2
    printed = capsys.readouterr().out
    (shown,) = re.findall(r"```text\n(.*?)```", DOCTOR_PAGE.read_text(), re.DOTALL)
    wanted = without_measures(shown)
    wanted.remove("…")
    assert [line for line in without_measures(printed) if line in wanted] == wanted


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> int:
        async with way(Proxy) as url:
            return await ran(url, as_json=True)

    assert asyncio.run(scenario()) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["simulated"], told["exit_code"]) == ("sealink/sim", True, 0)
    assert {check["name"] for check in told["checks"]} >= {"buffering", "leaving", "payoff", "body_size"}
    others = [check for check in told["checks"] if check["name"] not in TOO_BUSY]
    assert all(check["level"] in ("ok", "fact") for check in others), others


def answering(status: int, headers: list[tuple[str, str]], body: bytes) -> Handler:
    async def handler(request: Request, responder: Responder) -> None:
        responder.send(status, headers, body)

    return handler


MODELS = b'{"object":"list","data":[{"id":"a"}]}'


async def lists_models(request: Request, responder: Responder) -> None:
    """Lists a model, and has no answer by it."""
    if request.method == "GET":
        responder.send(200, JSON, MODELS)
    else:
        responder.send(500, JSON, b'{"error":{"message":"out of order"}}')


async def says_nothing(request: Request, responder: Responder) -> None:
    await asyncio.Event().wait()


async def streams_html(request: Request, responder: Responder) -> None:
    if request.method == "GET":
        responder.send(200, JSON, MODELS)
    else:
        responder.send(200, [("content-type", "text/html")], b"<html>hello</html>")


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering(302, [("location", "https://elsewhere.example/v1")], b""), "redirects to https://elsewhere.example"),
        (answering(401, JSON, b'{"error":{"message":"Wrong key."}}'), "does not take the key (401): Wrong key."),
        (answering(404, [("content-type", "text/html")], b"<html>"), "answers 404: text/html, which is not"),
        (answering(200, [("content-type", "text/html")], b"<html>"), "answers 200: text/html, which is not"),
        (answering(200, JSON, b'{"object":"list","data":[]}'), "lists no model: say which with --model"),
        (answering(200, JSON, b"[1,2"), "which is not what an OpenAI-compatible endpoint answers"),
        (answering(200, JSON, b'{"data":[7]}'), "which is not what an OpenAI-compatible endpoint answers"),
        (answering(200, [*JSON, ("content-encoding", "br")], b"x"), "content-encoding is br"),
        (lists_models, "answers 500 for the model a: out of order"),
        (streams_html, "answers 200 for the model a: text/html"),
        (says_nothing, "has not answered within 1 s"),
    ],
    ids=["redirect", "key", "404", "html", "no model", "no JSON", "odd list", "coding", "500", "no stream", "silent"],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_where_nothing_can_be_examined(
    handler: Handler, words: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> int:
        async with serving(handler) as url:
            return await ran(f"{url}/v1", Plan(answer_s=1.0), as_json=as_json)

    assert asyncio.run(scenario()) == 2
    out, err = capsys.readouterr()
    said = json.loads(out)["error"] if as_json else err
    assert words in said
    assert said.strip().count("\n") == 0
    assert out == "" or as_json


def test_a_url_without_its_end_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> int:
        async with way(Proxy) as url:
            return await ran(url.removesuffix("/v1"))

    assert asyncio.run(scenario()) == 2
    assert "The URL usually ends in /v1: http" in capsys.readouterr().err


async def serving_tls() -> asyncio.Server:
    """A server whose certificate nobody has signed that counts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return await asyncio.start_server(lambda reader, writer: writer.close(), "localhost", 0, ssl=context)


def test_tls_that_cannot_be_trusted(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> int:
        async with await serving_tls() as server:
            return await ran(f"https://localhost:{server.sockets[0].getsockname()[1]}/v1")

    assert asyncio.run(scenario()) == 2
    assert "TLS with" in capsys.readouterr().err


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read(1)
    writer.close()


def test_what_is_no_http(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> int:
        async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
            return await ran(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")

    assert asyncio.run(scenario()) == 2
    assert "not proper HTTP" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:{port}/v1", "was refused"),
        ("ftp://127.0.0.1/v1", "must begin with http"),
        ("nonsense", "must begin with http"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(ran(url.format(port=free_port()))) == 2
    assert words in capsys.readouterr().err


def test_the_command(tmp_path: Path) -> None:
    done = run("doctor", f"http://127.0.0.1:{free_port()}/v1", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert "was refused" in json.loads(done.stdout)["error"]


def test_lines_break_beside_the_margin_and_not_before_a_unit() -> None:
    printed = io.StringIO()
    console = Console(file=printed, width=46)
    show_beside(
        console, Text("✓ buffering"), 16, [Text("Tokens come late, at most 122 ms."), Text("change: gzip off;")]
    )
    assert printed.getvalue().split("\n") == [
        "✓ buffering     Tokens come late, at most",
        "                122 ms.",
        "                change: gzip off;",
        "",
    ]
