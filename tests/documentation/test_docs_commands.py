"""Every command on every page is run, against one server; SeaLink's own in this process. Those that cannot be run here
are listed with the reason."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import openai
import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from acceptance.sealink_process import KEY, SealinkProcess, free_port, simulated
from cli.commands import environment
from doctor.test_broken_ways import SHORT
from documentation.examples import DOCS, PAGES, PLACEHOLDER, examples
from outside import program
from sealink.cli.main import app
from sealink.doctor import plan
from sealink.documentation.site import ADDRESS

ROOT = DOCS.parent
ADMIN_ADDRESS, ELSEWHERE = "http://127.0.0.1:4001", "https://llm.example.com"
PATIENCE_S = 60
_NEAR_LINES = 4

NOT_RUN = {
    "export": "sets a variable for the program on the next line",
    "claude": "is not installed here; tests/acceptance/test_claude_code.py sends what it sends",
    "aider": "tests/acceptance/test_aider.py runs it",
    "docker": "there is no container engine here; tests/deploy/ runs what the image runs",
    "helm": "there is no cluster here; tests/deploy/ has the chart rendered where helm is installed",
    "aws": "there is no load balancer here",
    "python3": "installs into /srv; tests/deploy/ runs the service with its units",
    "ln": "links into /usr/local/bin",
    "install": "writes to /etc",
    "cp": "writes to /etc",
    "systemctl": "there is no systemd here that listens",
}
"""Programs of commands that are only read, each with the reason."""
RUNS_ON = {"serve"}
"""SeaLink's commands that run until they are stopped, as the server of these tests does."""

CONFIG = f"""
[heartbeat]
grace_s = 0.4
interval_s = 0.4
[[teams]]
name = "research"
[[keys]]
name = "tests"
key = "{KEY}"
team = "research"
{simulated("sealink/sim", "simulated", ttft_s=0.01)}
{simulated("claude-sonnet-4-6")}
"""

OWN_FOLDERS = {"quickstart.md", "migration.md"}
"""Pages whose commands write or read a config of the reader's."""


class Command(NamedTuple):
    """A line of a shell block, or several that belong together. `place`: the page, and the line of the block."""

    place: str
    code: str

    @property
    def page(self) -> str:
        return self.place.partition(":")[0]

    @property
    def program(self) -> str:
        words = [word for word in shlex.split(self.code, comments=True) if not re.match(r"[A-Z_]+=", word)]
        return Path(words[0]).name


COMMANDS = [
    Command(example.place, line.removeprefix("# ") if example.language == "console" else line)
    for example in examples("sh", "console")
    for line in re.split(r"(?<!\\)\n(?! )", example.code.strip())
]


def with_program(*names: str) -> list[Command]:
    """Those that begin with such a program; what stands on several pages once, unless it has another folder there."""
    found = {(each.code, each.page in OWN_FOLDERS): each for each in COMMANDS if each.program in names}
    return list(found.values())


def by_code(command: Command) -> str:
    return f"{command.place} {command.code[:40]}"


class Served(NamedTuple):
    """A server whose folder has all that commands look for, and the ID of a request that it has answered."""

    sealink: SealinkProcess
    request_id: str

    def placed(self, code: str) -> str:
        """A command with what is the reader's own."""
        admin = f"http://127.0.0.1:{self.sealink.admin_port}"
        for told, own in {ADDRESS: self.sealink.url, ELSEWHERE: self.sealink.url, ADMIN_ADDRESS: admin}.items():
            code = code.replace(told, own)
        code = code.replace(PLACEHOLDER, KEY).replace("req_1f0c…", self.request_id)
        return re.sub(r"\bPID\b", str(self.sealink.pid), code)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port = free_port()
    folder = tmp_path_factory.mktemp("commands")
    with SealinkProcess(f"[admin]\nport = {port}\n{CONFIG}", folder, admin_port=port) as sealink:
        with openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=KEY) as client:
            messages = [{"role": "user", "content": "Hello"}]
            raw = client.chat.completions.with_raw_response.create(model="sealink/sim", messages=messages)  # type: ignore[call-overload]
        yield Served(sealink, raw.headers["x-request-id"])


@pytest.fixture
def folder(request: pytest.FixtureRequest, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command is run: in the server's folder, or in one that has the page's own config."""
    command: Command = request.getfixturevalue("command")
    folder = tmp_path if command.page in OWN_FOLDERS else served.sealink.folder
    if folder is tmp_path:
        tables = [example.code for example in examples("toml") if example.place.startswith(command.page)]
        (folder / "sealink.toml").write_text("\n".join(tables))
        litellm = ROOT / "tests" / "migration" / "litellm" / "two_deployments.yaml"
        (folder / "config.yaml").write_text(litellm.read_text())
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SEALINK_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-test")
    monkeypatch.setattr(plan, "Plan", lambda **_: SHORT)
    return folder


def sealink(words: list[str]) -> str:
    """What SeaLink's command prints; it must end well."""
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_no_command_is_left_out() -> None:
    assert {command.program for command in COMMANDS} == {"sealink", "curl", "kill", "make", *NOT_RUN}


@pytest.mark.parametrize("command", with_program("sealink"), ids=by_code)
def test_sealink(command: Command, served: Served, folder: Path) -> None:
    words = shlex.split(served.placed(command.code), comments=True)[1:]
    if words[0] in RUNS_ON:
        read(words)
        return
    if words[:2] == ["keys", "update"]:
        CliRunner().invoke(app, ["keys", "create", words[2]])  # unless another page has made it
    if ">" in words:
        *words, _, file = words
        (folder / file).write_text(sealink(words))
    else:
        said = sealink(words)
        assert re.match(shown_below(command) or ".", said)


def shown_below(command: Command) -> str:
    """A pattern of what the page says that the command prints: a block of text right below it; "" if there is none."""
    for before, after in pairwise(examples()):
        ends_at = int(before.place.partition(":")[2]) + before.code.count("\n") + 1
        is_near = 0 < int(after.place.partition(":")[2]) - ends_at <= _NEAR_LINES
        if before.place == command.place and after.language == "text" and is_near:
            return re.escape(after.code).replace("…", ".+")
    return ""


def read(words: list[str]) -> None:
    """Fails where SeaLink's own parser would refuse a command."""
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        found = command.commands[words[0]]
        assert isinstance(found, TyperCommand | TyperGroup)
        command, words = found, words[1:]
    command.make_context("sealink", list(words))


@pytest.mark.parametrize("command", with_program("curl", "kill"), ids=by_code)
def test_programs(command: Command, served: Served, folder: Path) -> None:
    curl = f"{program('curl')} --silent --show-error --fail-with-body "
    code = re.sub(r"^curl ", curl, served.placed(command.code))
    done = subprocess.run(
        ["sh", "-c", code], cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    if "curl -N" in command.code:
        *frames, last, _ = done.stdout.split("\n\n")
        assert last == "data: [DONE]"
        assert all(json.loads(frame.removeprefix("data: ")) for frame in frames)


@pytest.mark.parametrize("command", with_program("make"), ids=by_code)
def test_make(command: Command) -> None:
    """What make would run, SeaLink takes."""
    words = [program("make"), "--dry-run", "--no-print-directory", *shlex.split(command.code)[1:]]
    planned = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    last = shlex.split(planned.splitlines()[-1])
    assert last[:2] == ["exec", ".venv/bin/sealink"]
    read(last[2:])


@pytest.mark.parametrize("command", with_program(*NOT_RUN), ids=by_code)
def test_what_is_not_run_can_be_read(command: Command) -> None:
    done = subprocess.run(["sh", "-n", "-c", command.code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, "")
    for path in re.findall(r"(?<![\w/])deploy/[\w/.*-]+", command.code):
        assert list(ROOT.glob(path)), path


IN_SENTENCES = [
    (f"{page.name}:{command}", command)
    for page in [*PAGES, ROOT / "README.md"]
    for command in re.findall(r"`(?:\.venv/bin/)?sealink ([a-z-][^`]*)`", page.read_text())
]


@pytest.mark.parametrize("command", [words for _, words in IN_SENTENCES], ids=[place for place, _ in IN_SENTENCES])
def test_commands_in_sentences_are_there(command: str) -> None:
    """`sealink keys rotate NAME [--overlap-s N]`: its words are commands, its options options of them."""
    found, words = typer.main.get_command(app), re.split(r"[\s=\[\]]+", command.replace("\\|", "|"))
    options = {"--help", "--version"}
    for depth, word in enumerate(words):
        if isinstance(found, TyperGroup) and set(names := word.split("|")) <= set(found.commands):
            inner = found.commands[names[0]]
            assert isinstance(inner, TyperCommand | TyperGroup)
            found = inner
            options |= {name for each in found.params for name in (*each.opts, *each.secondary_opts)}
        else:
            assert depth or word.startswith("--"), f"there is no command {word}"
    assert {word for word in words if word.startswith("--")} <= options
