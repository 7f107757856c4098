"""What `sealink serve` prints when it listens: a key that stays the same, and a line that works as it is printed."""

import re
import stat
import subprocess
from pathlib import Path

import pytest

from cli.commands import CONFIG, run, serving
from sealink.app.greeting import greeting
from sealink.app.listening.address import printable
from sealink.config import Config, load

BASE_URL = "http://127.0.0.1:4000/v1"
KEY = re.compile(r"key: (sk-sealink-\S+)\n")


def pasted(line: str, shell: str = "bash", **environ: str) -> str:
    """What the line of a greeting prints when it is pasted into a shell."""
    command = line.removeprefix("try: ")
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run([shell, "-c", command], env=path | environ, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_whole_answer(printed: str) -> bool:
    text = "".join(re.findall(r'"content":"(.*?)"', printed))
    return "simulated" in text and printed.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("0.0.0.0", marks=pytest.mark.full), "::", "localhost", ""])
def test_the_line_works_as_printed(tmp_path: Path, host: str) -> None:
    with serving("--host", host, cwd=tmp_path) as greeting:
        assert re.search(r"listens on http://(127\.0\.0\.1|\[::1\]|localhost):\d+/v1$", greeting[0])
        assert KEY.fullmatch(greeting[1])
        assert is_whole_answer(pasted(greeting[2]))


@pytest.mark.parametrize("shell", ["sh", pytest.param("bash", marks=pytest.mark.full)])
def test_the_line_works_in_every_shell(tmp_path: Path, shell: str) -> None:
    with serving("--host", "::1", "--workers", "2", cwd=tmp_path) as greeting:
        assert is_whole_answer(pasted(greeting[2], shell, http_proxy=""))


def test_the_line_works_in_spite_of_a_proxy(tmp_path: Path) -> None:
    proxy = {"http_proxy": "http://127.0.0.1:9"}
    with serving(cwd=tmp_path, **proxy) as greeting:
        assert is_whole_answer(pasted(greeting[2], **proxy))


def test_the_line_names_the_variable_of_a_key_that_is_in_one(tmp_path: Path) -> None:
    (tmp_path / "sealink.toml").write_text(CONFIG.replace('"sk-test-secret"', '"${MY_KEY}"').replace("small", "it's"))
    with serving(cwd=tmp_path, MY_KEY="sk-test-secret") as greeting:
        assert greeting[1] == "key: the one named 'dev'\n"
        assert "sk-test-secret" not in "".join(greeting)
        assert is_whole_answer(pasted(greeting[2], MY_KEY="sk-test-secret"))


def test_a_key_that_the_user_keeps_elsewhere_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "sealink.toml").write_text(CONFIG)
    with serving(cwd=tmp_path) as greeting:
        assert greeting[1] == "key: the one named 'dev' (the line below needs its secret in $SEALINK_API_KEY)\n"
        assert "sk-test-secret" not in "".join(greeting)
        assert is_whole_answer(pasted(greeting[2], SEALINK_API_KEY="sk-test-secret"))


def config_of(folder: Path, text: str) -> Config:
    path = folder / "sealink.toml"
    path.write_text(text)
    return load(path, {"SEALINK_API_KEY": "k"})


@pytest.mark.parametrize(
    ("models", "allowed", "asked"),
    [
        (["a", "b"], [], "a"),
        (["a", "b"], ["b"], "b"),
        (["other-*", "claude-*"], [], "claude-opus-4-6"),
        (["claude-*"], ["*haiku*"], "claude-haiku-4-5"),
        (["a"], ["b"], "MODEL"),
        (["private-*"], [], "MODEL"),
    ],
)
def test_the_line_asks_for_a_model_that_the_key_may_use(
    tmp_path: Path, models: list[str], allowed: list[str], asked: str
) -> None:
    tables = "".join(
        f'[[models]]\nid = "{model}"\ntargets = [{{ provider = "anthropic", model = "*" }}]\n' for model in models
    )
    key = f'[[keys]]\nname = "dev"\nkey = "${{SEALINK_API_KEY}}"\nmodels = {allowed}\n'
    text = greeting(config_of(tmp_path, f'[[providers]]\nname = "anthropic"\napi_key = "a"\n{tables}{key}'), BASE_URL)
    assert f'{{"model": "{asked}", ' in text
    assert ("the name of a model" in text) == (asked == "MODEL")


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("fd00::2", "[fd00::2]"),
        ("fe80::1%eth0", "[fe80::1%25eth0]"),
        ("host.example", "host.example"),
    ],
)
def test_a_host_in_a_url(host: str, written: str) -> None:
    assert printable(host) == written


def key_of(*options: str, cwd: Path) -> str:
    with serving(*options, cwd=cwd) as greeting:
        found = KEY.fullmatch(greeting[1])
        assert found
        return found[1]


def test_the_key_stays_the_same_from_one_start_to_the_next(tmp_path: Path) -> None:
    first = key_of(cwd=tmp_path)
    kept = tmp_path / "dev-key"
    assert kept.read_text() == f"{first}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.chmod(0o644)
    assert key_of("--workers", "2", cwd=tmp_path) == first
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_file_that_is_no_key_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "dev-key").write_bytes(b"\xff\x00 not a key\n")
    assert key_of(cwd=tmp_path) == (tmp_path / "dev-key").read_text().strip()


def test_the_key_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "sealink.toml").write_text(f'[server]\ndata_dir = "var/data"\n{CONFIG.partition("[[keys]]")[0]}')
    key = key_of(cwd=tmp_path)
    assert {path.name for path in (tmp_path / "var/data").iterdir()} >= {"dev-key", "sealink.db"}
    assert (tmp_path / "var/data/dev-key").read_text().strip() == key


def test_a_key_that_cannot_be_kept_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "dev-key").mkdir()
    errors = tmp_path / "errors"
    with serving(cwd=tmp_path, errors=errors) as greeting:
        assert is_whole_answer(pasted(greeting[2]))
    assert errors.read_text().startswith(
        "warning: the key is for this run only: cannot keep it in dev-key: Is a directory\n"
    )


def test_a_folder_that_nothing_can_be_written_to_is_told_of_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sealink.toml").write_text('[server]\ndata_dir = "sealink.toml/x"\n')
    refused = run("serve", "--port", "0", cwd=tmp_path)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) <= 2
    assert refused.stderr.splitlines()[-1].startswith("cannot write the journal of requests")
