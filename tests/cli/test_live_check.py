"""`sealink check --live`: what is told of providers that answer, refuse, hang, or are not there."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from acceptance.sealink_process import free_port
from sealink.app.dialects import UPSTREAM_DIALECTS
from sealink.cli.main import app
from sealink.errors import UpstreamError
from sealink.providers import VENDORS

SECRET = "sk-the-key-of-the-provider"
LISTS: Mapping[str, tuple[str, Any]] = {
    "openai": ("/v1/models", {"data": [{"id": "a-model"}, {"id": "another"}]}),
    "responses": ("/v1/models", [{"id": "a-model"}]),
    "anthropic": ("/v1/models?limit=1000", {"data": [{"id": "a-model-20250929"}], "has_more": False}),
    "gemini": ("/v1beta/models?pageSize=1000", {"models": [{"name": "models/a-model"}]}),
    "cohere": ("/v1/models?page_size=1000", {"models": [{"name": "a-model"}]}),
    "ollama": ("/api/tags", {"models": [{"name": "a-model:latest"}]}),
}
"""By dialect: where its models are asked for, and a list that has `a-model`."""


class Answer(BaseHTTPRequestHandler):
    """By path: a status and a body. Anything else is not found; `hang` never answers."""

    answers: ClassVar[Mapping[str, tuple[int, Any]]]
    asked: ClassVar[list[dict[str, str]]]
    may_end: threading.Event

    def do_GET(self) -> None:
        self.asked.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
        if self.path.startswith("/hang"):
            self.may_end.wait()
            return
        status, body = self.answers.get(self.path, (404, {"error": {"message": "There is nothing here."}}))
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def answering(answers: Mapping[str, tuple[int, Any]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    asked: list[dict[str, str]] = []
    may_end = threading.Event()
    kind = type("Answering", (Answer,), {"answers": answers, "asked": asked, "may_end": may_end})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            may_end.set()
            server.shutdown()
            thread.join()


def provider(name: str, base_url: str, dialect: str = "openai", model: str = "a-model") -> str:
    return f"""
[[providers]]
name = "{name}"
dialect = "{dialect}"
base_url = "{base_url}"
api_key = "{SECRET}"
[[models]]
id = "{name}"
targets = [{{ provider = "{name}", model = "{model}" }}]
"""


def check(folder: Path, config: str, *options: str) -> tuple[int, str]:
    (folder / "sealink.toml").write_text(config + '[[keys]]\nname = "dev"\nkey = "k"\n')
    done = CliRunner().invoke(app, ["check", "--live", "--config", str(folder / "sealink.toml"), *options])
    return done.exit_code, done.output


@pytest.mark.parametrize("dialect", LISTS)
def test_a_model_that_is_offered(tmp_path: Path, dialect: str) -> None:
    path, body = LISTS[dialect]
    base = "/v1" if path == "/v1/models" else ""
    with answering({path: (200, body)}) as (url, asked):
        code, output = check(tmp_path, provider("p", url + base, dialect))
    assert (code, output.splitlines()[-1].split(", of ")[0]) == (0, "p: ok, 1 model is used")
    assert SECRET in " ".join(asked[0].values())
    assert ("anthropic-version" in asked[0]) is (dialect == "anthropic")


def test_every_dialect_is_asked_or_says_why_not() -> None:
    lists = {name: dialect.model_list for name, dialect in UPSTREAM_DIALECTS.items()}
    assert {name for name, model_list in lists.items() if model_list is None} == {"bedrock"}
    for model_list in filter(None, lists.values()):
        for body in (b"", b"{}", b"[1]", b'{"data":{}}', b'{"data":[{}],"models":[{}]}', b"\xff"):
            with pytest.raises(UpstreamError):
                model_list.read(body)


def test_what_is_wrong_is_told_for_each_provider_and_the_key_is_not(tmp_path: Path) -> None:
    answers = {
        "/good/models": (200, {"data": [{"id": "a-model"}]}),
        "/other/models": (200, {"data": [{"id": "a-modem"}]}),
        "/closed/models": (401, {"error": {"message": f"Incorrect API key provided: {SECRET}."}}),
        "/broken/models": (500, {"error": {"message": "It is broken."}}),
        "/page/models": (200, b"<html>Welcome</html>"),
        "/moved/models": (302, b""),
    }
    nobody = free_port()
    with answering(answers) as (url, _):
        names = ("good", "other", "closed", "broken", "page", "moved", "none")
        config = "".join(provider(name, f"{url}/{name}") for name in names)
        config += provider("away", f"http://127.0.0.1:{nobody}")
        config += '[[providers]]\nname = "sim"\ndialect = "sim"\n'
        code, output = check(tmp_path, config)
    told = dict(line.split(": ", 1) for line in output.splitlines()[-9:])
    assert code == 1
    assert SECRET not in output
    assert told == {
        "good": "ok, 1 model is used, of 1 that it offers",
        "other": "model not offered: 'a-model', did you mean 'a-modem'?",
        "closed": "unauthorised, it does not take its key: 401, Incorrect API key provided: ***.",
        "broken": "it answers with an error: 500, It is broken.",
        "page": f"it answers, but not as expected at {url}/page/models: The upstream's answer is no list of models.",
        "moved": "it answers with an error: 502, The upstream answered 302.",
        "none": "ok, it answers; it lists no models, so that neither they nor its key are checked",
        "away": told["away"],
        "sim": "ok, built in",
    }
    assert told["away"].startswith("unreachable: ")
    assert str(nobody) in told["away"]


def test_one_that_does_not_answer_in_time(tmp_path: Path) -> None:
    with answering({}) as (url, _):
        code, output = check(tmp_path, provider("p", f"{url}/hang"), "--timeout", "0.3")
    assert (code, output.splitlines()[-1]) == (1, f"p: unreachable: no answer from {url}/hang within 0.3 s")


def test_patterns_name_no_model_and_of_many_that_are_missing_some_are_named(tmp_path: Path) -> None:
    models = "".join(
        f'[[models]]\nid = "m{number}"\ntargets = [{{ provider = "p", model = "missing-{number}" }}]\n'
        for number in range(7)
    )
    pattern = '[[models]]\nid = "x-*"\ntargets = [{ provider = "p", model = "*" }]\n'
    with answering({"/v1/models": (200, {"data": [{"id": "a-model"}]})}) as (url, _):
        code, output = check(tmp_path, provider("p", f"{url}/v1") + pattern)
        assert (code, output.splitlines()[-1]) == (0, "p: ok, 1 model is used, of 1 that it offers")
        code, output = check(tmp_path, provider("p", f"{url}/v1") + models)
    assert code == 1
    assert output.splitlines()[-1].endswith("'missing-4', and 2 more")


def test_names_that_a_vendors_list_has_otherwise() -> None:
    profile = VENDORS["openrouter"].profiles[0]
    assert profile.listed_as is not None
    assert profile.listed_as("a/model:nitro") == "a/model"
    assert not any(each.lists_models for each in VENDORS["azure"].profiles)


def test_without_live_nobody_is_asked(tmp_path: Path) -> None:
    with answering({}) as (url, asked):
        (tmp_path / "sealink.toml").write_text(provider("p", url) + '[[keys]]\nname = "dev"\nkey = "k"\n')
        assert CliRunner().invoke(app, ["check", "--config", str(tmp_path / "sealink.toml")]).exit_code == 0
    assert asked == []
