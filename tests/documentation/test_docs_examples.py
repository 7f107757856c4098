"""Every example on every page is run as it stands, but for the address and the key; or is checked for what it says."""

import ast
import contextlib
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from acceptance.sealink_process import KEY, SealinkProcess, simulated
from documentation.examples import PAGES, PLACEHOLDER, Example, examples
from outside import NODE_FOLDER, program
from sealink.config import ConfigError, load
from sealink.documentation.site import ADDRESS

PATIENCE_S = 60
LANGUAGES = {"python", "js", "sh", "toml", "json", "yaml", "text", "haproxy", "nginx", "apache", "caddy", "console"}
OTHER_PROGRAMS = {"model_providers"}
"""Tables that tell that a block is the config of another program."""
WORDS_OF_SECRETS = {"${ANTHROPIC_API_KEY}", "${OPENROUTER_API_KEY}", "${SEALINK_API_KEY}", "${DEV_KEY}"}


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    """With a simulated model that answers at once."""
    with SealinkProcess(simulated("claude-sonnet-4-6"), tmp_path_factory.mktemp("docs")) as running:
        yield running


def placed(code: str, sealink: SealinkProcess) -> str:
    return code.replace(ADDRESS, sealink.url).replace(PLACEHOLDER, KEY)


def by_place(example: Example) -> str:
    return example.place


def test_there_is_no_language_that_nothing_checks() -> None:
    assert {example.language for example in examples()} <= LANGUAGES


def test_no_example_escapes_by_being_indented() -> None:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = [(page.name, token) for page in PAGES for token in parser.parse(page.read_text())]
    assert [(page, token.content) for page, token in tokens if token.type == "code_block"] == []


@pytest.mark.parametrize("example", examples("python"), ids=by_place)
def test_python(example: Example, sealink: SealinkProcess) -> None:
    ast.parse(example.code)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        scope: dict[str, object] = {"__name__": "__main__"}
        exec(compile(placed(example.code, sealink), example.place, "exec"), scope)
    for name in ("stream", "client"):
        if hasattr(scope.get(name), "close"):
            scope[name].close()  # type: ignore[attr-defined]
    assert printed.getvalue().strip()
    assert "Error" not in printed.getvalue()


@pytest.mark.parametrize("example", examples("js"), ids=by_place)
def test_js(example: Example, sealink: SealinkProcess, node: str) -> None:
    command = [node, "--input-type=module", "-e", placed(example.code, sealink)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def is_of_another_program(example: Example) -> bool:
    return any(f"[{name}" in example.code for name in OTHER_PROGRAMS)


CONFIGS = [example for example in examples("toml") if not is_of_another_program(example)]


@pytest.mark.parametrize("example", CONFIGS, ids=by_place)
def test_toml(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block for SeaLink's config has no mistake but that what other blocks have is not in it."""
    for variable in WORDS_OF_SECRETS:
        monkeypatch.setenv(variable.strip("${}"), "sk-of-the-test")
    (tmp_path / "sealink.toml").write_text(example.code)
    try:
        load(tmp_path / "sealink.toml")
    except ConfigError as error:
        left = [line for line in str(error).splitlines() if not is_elsewhere(line)]
        assert left == []


def is_elsewhere(mistake: str) -> bool:
    """Whether a mistake is that something stands in another block, or in the reader's own file or environment."""
    return any(words in mistake for words in ("is not set", "no provider", "no key", "no team", "set its `", "needs `"))


@pytest.mark.parametrize("example", examples("json"), ids=by_place)
def test_json(example: Example) -> None:
    json.loads(example.code)


@pytest.mark.parametrize("example", examples("yaml"), ids=by_place)
def test_yaml(example: Example) -> None:
    assert yaml.safe_load(example.code)


@pytest.mark.parametrize("example", examples("haproxy"), ids=by_place)
def test_haproxy(example: Example, tmp_path: Path) -> None:
    """HAProxy finds no mistake in it; that a part of a config listens nowhere is none."""
    (tmp_path / "config").write_text(example.code)
    command = [program("haproxy"), "-c", "-f", str(tmp_path / "config")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert "[ALERT]" not in done.stderr
    assert done.returncode in (0, 2)
